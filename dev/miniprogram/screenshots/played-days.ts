import { ask } from "../../../test/ask.ts";
import { AGENT, startSystem, type System, until, type UserClient } from "../../../test/system.ts";
import { openModel, QUESTIONS, TASKS } from "./content.ts";
import { openPlayedClock, type PlayedClock } from "./played-clock.ts";

/** Names of two agents; of the second one nobody is there. */
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
  readonly conversations: Readonly<Record<keyof typeof QUESTIONS, string>>;
  readonly tasks: Readonly<Record<keyof typeof TASKS, string>>;
  /** Asks the question whose answer does not end. */
  askForSpeech(): Promise<string>;
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
    return { system, clock, stop: () => system.stop(), ...(await live(system, clock)) };
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
): Promise<Pick<PlayedDays, "tokens" | "conversations" | "tasks" | "askForSpeech">> {
  const at = (time: string) => clock.set(local(time));
  const first = await signIn(system, "iPhone 15 Pro");
  const client = system.client(first);
  const { api } = client;
  const conversations: Partial<Ids<typeof QUESTIONS>> = {};
  const tasks: Partial<Ids<typeof TASKS>> = {};
  const question = async (time: string, name: Name<typeof QUESTIONS>) => {
    at(time);
    conversations[name] = (await ask(client, QUESTIONS[name])).conversationId;
  };
  const begun = async (time: string, name: Name<typeof TASKS>) => {
    at(time);
    const { id } = await api.task.create.mutate({ ...TASKS[name], idempotencyKey: name });
    tasks[name] = id;
    await until("a task at work", async () => (await api.task.get.query({ id })).startedAt !== undefined);
    return id;
  };
  const ended = async (time: string, id: string) => {
    at(time);
    await until("a task's end", async () => (await api.task.get.query({ id })).finishedAt !== undefined);
  };

  await api.me.setProfile.mutate({ name: "林知夏" });
  await api.me.setAgent.mutate({ agentId: IDS[0] });
  await question("2026-03-12T16:20:00", "delivery");
  await ended("2026-03-12T16:38:12", await begun("2026-03-12T16:31:00", "interviews"));
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
    conversations: conversations as Ids<typeof QUESTIONS>,
    tasks: tasks as Ids<typeof TASKS>,
    async askForSpeech() {
      clock.set(NOW.getTime() - 15_000);
      const message = { text: QUESTIONS.speech, idempotencyKey: "speech" };
      return (await api.chat.send.mutate(message)).conversationId;
    },
  };
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
