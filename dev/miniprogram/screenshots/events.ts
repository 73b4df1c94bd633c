import { type System, until, type UserClient } from "../../../test/system.ts";
import { QUESTIONS, TASKS } from "./content.ts";
import type { Lab } from "./lab.ts";

/** What happens to the system between the pictures. What has happened does not happen again. */
export interface Events {
  /** The person binds their account in WeCom. */
  bind(): Promise<void>;
  /** They ask what the model thinks about for long; the conversation. */
  askForThoughts(): Promise<string>;
  /** They ask what has no end; the conversation. */
  askForSpeech(): Promise<string>;
  /** They choose the second agent, which is there, and its model is not. */
  labWithoutModel(): Promise<void>;
  /** The first agent is chosen, and the second one there as well, if it was not. */
  labBack(): Promise<void>;
  /** The gateway knows the second agent no longer. */
  retireLab(): Promise<void>;
  /** They hand over one more task; its id. */
  handOverWeekly(): Promise<string>;
}

const MEMBER = "linzhixia";

export function openEvents(parts: {
  system: System;
  client: UserClient;
  lab: Lab;
  /** The first agent. */
  homeId: string;
  /** Sets the clock to a moment before the pictures. */
  soon(): void;
}): Events {
  const { system, client, lab, homeId, soon } = parts;
  const { api } = client;
  const ask = (name: "speech" | "thoughts") =>
    once(async () => {
      soon();
      const { conversationId } = await api.chat.send.mutate({ text: QUESTIONS[name], idempotencyKey: name });
      return conversationId;
    });
  return {
    bind: once(async () => {
      await api.me.bind.mutate({ code: await codeFor(system) });
    }),
    askForThoughts: ask("thoughts"),
    askForSpeech: ask("speech"),
    labWithoutModel: once(async () => {
      await lab.come(client, { withoutModel: true });
      await api.me.setAgent.mutate({ agentId: lab.id });
    }),
    async labBack() {
      await lab.setKnown(true);
      await lab.come(client, { withoutModel: true });
      await api.me.setAgent.mutate({ agentId: homeId });
    },
    async retireLab() {
      await lab.go();
      await lab.setKnown(false);
    },
    handOverWeekly: once(async () => {
      soon();
      const { id } = await api.task.create.mutate({ ...TASKS.weekly, idempotencyKey: "weekly" });
      return id;
    }),
  };
}

function once<T>(begin: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => (begun ??= begin());
}

/** The code that the person is given in WeCom in answer to `/bind`. */
async function codeFor({ wecom, wecomApi }: System): Promise<string> {
  const codes = () => wecomApi.list(MEMBER).flatMap(({ content }) => /\b\d{6}\b/.exec(content) ?? []);
  await wecom.sendText(MEMBER, "/bind");
  await until("the code", () => codes().length > 0);
  return codes()[0] ?? "";
}
