import { ask } from "../../../test/ask.ts";
import { AGENT, startSystem, type System, until, type UserClient } from "../../../test/system.ts";
import { watchJob } from "../../../test/watched-job.ts";
import { LINES, openModel, QUESTIONS, TASKS } from "./content.ts";
import { type Events, openEvents } from "./events.ts";
import { type Lab, openLab } from "./lab.ts";
import { openPlayedClock, type PlayedClock } from "./played-clock.ts";

/** Names of two agents; the second one is there seldom. */
const IDS = ["claw", "lab"] as const;
const DAY = "2026-03-18T";
const OFFSET = "+08:00";
/** Long enough to move the clock on while a task is at work. */
const FIRST_TOKEN_MS = 400;

export const TIME_ZONE = "Asia/Shanghai";
/** When the pictures are taken. */
export const NOW = new Date(`${DAY}09:41:00${OFFSET}`);

/** A real system after some days of a made-up person. */
export interface PlayedDays {
  readonly system: System;
  readonly clock: PlayedClock;
  /** Session tokens of the two phones in the pictures. */
  readonly tokens: readonly string[];
  readonly conversations: Readonly<Record<keyof typeof QUESTIONS | "lines", string>>;
  readonly tasks: Readonly<Record<keyof typeof TASKS, string>>;
  /** What may happen next. */
  readonly events: Events;
  stop(): Promise<void>;
}

export async function playDays(): Promise<PlayedDays> {
  const clock = openPlayedClock();
  clock.set(local("2026-03-12T08:30:00"));
  const system = await startSystem({
    model: {
      model: "qwen3-30b-a3b",
      contextTokens: 32_768,
      firstTokenDelayMs: FIRST_TOKEN_MS,
      ...openModel(),
    },
    gatewayEnv: { CLAW_AGENTS: IDS.map((id) => `${id}:${AGENT.key}`).join() },
    agentEnv: { CLAW_AGENT_ID: IDS[0], CLAW_AGENT_SLOTS: "3" },
  });
  try {
    const lab = openLab(system, IDS[1]);
    return { system, clock, stop: () => system.stop(), ...(await live(system, clock, lab)) };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

const local = (time: string): number => new Date(`${time}${OFFSET}`).getTime();

type Name<T> = keyof T;
type Ids<T> = Record<Name<T>, string>;

async function live(
  system: System,
  clock: PlayedClock,
  lab: Lab,
): Promise<Pick<PlayedDays, "tokens" | "conversations" | "tasks" | "events">> {
  const at = (time: string) => clock.set(local(time));
  const first = await signIn(system, "iPhone 15 Pro");
  const client = system.client(first);
  const { api } = client;
  const conversations: Partial<Ids<typeof QUESTIONS>> & { lines?: string } = {};
  const tasks: Partial<Ids<typeof TASKS>> = {};
  const question = async (time: string, name: Name<typeof QUESTIONS>) => {
    at(time);
    conversations[name] = (await ask(client, QUESTIONS[name])).conversationId;
  };
  const begun = async (time: string, name: Name<typeof TASKS>) => {
    at(time);
    const { id } = await api.task.create.mutate({ ...TASKS[name], idempotencyKey: name });
    tasks[name] = id;
    await until("a task at work", async () => {
      const { startedAt, finishedAt } = await api.task.get.query({ id });
      return startedAt !== undefined || finishedAt !== undefined;
    });
    return id;
  };
  const ended = async (time: string, id: string) => {
    at(time);
    await until("a task's end", async () => (await api.task.get.query({ id })).finishedAt !== undefined);
  };

  await api.me.setProfile.mutate({ name: "林知夏" });
  await lab.come(client);
  await api.me.setAgent.mutate({ agentId: lab.id });
  await question("2026-03-12T09:00:00", "server");
  await lab.go();
  await api.me.setAgent.mutate({ agentId: IDS[0] });
  await question("2026-03-12T11:00:00", "letter");
  await api.chat.delete.mutate({ conversationId: conversations.letter ?? "" });
  await question("2026-03-12T16:20:00", "delivery");
  await ended("2026-03-12T16:38:12", await begun("2026-03-12T16:31:00", "interviews"));
  at("2026-03-13T10:15:00");
  conversations.lines = await askAll(
    client,
    LINES.map(({ question }) => question),
  );
  at("2026-03-14T15:40:00");
  conversations.stopped = await askAndStop(client, QUESTIONS.stopped);
  at("2026-03-15T20:10:00");
  await signIn(system, "MatePad 11");
  const quotes = await begun("2026-03-17T17:40:00", "quotes");
  await ended("2026-03-17T17:40:03", quotes);
  await question("2026-03-17T18:02:00", "minutes");
  at(`${DAY}08:50:00`);
  const second = await signIn(system, "iPhone SE");
  await question(`${DAY}08:55:00`, "leave");
  await ended(`${DAY}09:05:04`, await begun(`${DAY}09:05:00`, "tender"));
  at(`${DAY}09:12:00`);
  await api.task.retry.mutate({ id: quotes });
  await until(
    "it is at work again",
    async () => (await api.task.get.query({ id: quotes })).status === "running",
  );
  await ended(`${DAY}09:15:26`, quotes);
  const manual = await begun(`${DAY}09:20:00`, "manual");
  await untilWriting(client, manual);
  at(`${DAY}09:24:31`);
  await api.task.cancel.mutate({ id: manual });
  await ended(`${DAY}09:24:32`, manual);
  await question(`${DAY}09:28:00`, "audit");
  await question(`${DAY}09:31:00`, "choice");
  await question(`${DAY}09:34:00`, "retry");
  await untilWriting(client, await begun(`${DAY}09:40:10`, "feedback"));
  clock.set(NOW.getTime() - 30_000);
  return {
    tokens: [first, second],
    conversations: conversations as PlayedDays["conversations"],
    tasks: tasks as Ids<typeof TASKS>,
    events: openEvents({
      system,
      client,
      lab,
      homeId: IDS[0],
      soon: () => clock.set(NOW.getTime() - 15_000),
    }),
  };
}

/** One after the other, in one conversation; its id. */
async function askAll(client: UserClient, questions: readonly string[]): Promise<string> {
  let id: string | undefined;
  for (const text of questions) id = (await ask(client, text, id)).conversationId;
  return id ?? "";
}

/** Stops the answer when it has said all that it would. */
async function askAndStop(client: UserClient, text: string): Promise<string> {
  const { api } = client;
  const { jobId, conversationId } = await api.chat.send.mutate({ text, idempotencyKey: "stopped" });
  const job = watchJob(client, jobId);
  await until("the whole text", () => job.text().endsWith("都知道了"));
  await api.job.cancel.mutate({ jobId });
  await job.completed;
  return conversationId;
}

async function signIn(system: System, deviceName: string): Promise<string> {
  const { api, close } = system.client("");
  const { token } = await api.auth.miniprogramLogin.mutate({ code: "user-lin", deviceName });
  await close();
  return token;
}

async function untilWriting({ api }: UserClient, id: string): Promise<void> {
  await until("a task's text", async () => {
    const { progress } = await api.task.get.query({ id });
    return progress?.note.startsWith("正在生成") === true;
  });
}
