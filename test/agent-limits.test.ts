import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Fault } from "../dev/lm-studio-fault.ts";
import { ask } from "./ask.ts";
import { startSystem, type System, until } from "./system.ts";

/** Longer than any test. */
const ENDLESS = "字".repeat(20_000);
const FAULTS: Readonly<Record<string, Fault>> = {
  一言不发: { t: "silent" },
  话说一半: { t: "stall", afterTokens: 3 },
};
const FIRST_WORD_SECONDS = 1;
/** So much longer that one is not taken for the other. */
const SILENCE_SECONDS = 3;
let system: System;

beforeAll(async () => {
  system = await startSystem({
    model: {
      tokensPerSecond: 100,
      contextTokens: 32_768,
      reply: (messages) => (messages.at(-1)?.content === "很长" ? ENDLESS : "好"),
      fault: (_number, messages) => FAULTS[messages.at(-1)?.content ?? ""],
    },
    agentEnv: {
      CLAW_AGENT_SLOTS: "4",
      CLAW_AGENT_TASKS_PER_USER: "1",
      CLAW_LMSTUDIO_FIRST_WORD_SECONDS: String(FIRST_WORD_SECONDS),
      CLAW_LMSTUDIO_SILENCE_SECONDS: String(SILENCE_SECONDS),
    },
  });
}, 60_000);
afterAll(() => system.stop(), 30_000);

test("agent.tasks_per_user: one person's second task waits, with slots free, and another's runs", async () => {
  const [one, other] = [
    system.client(await system.signIn("one")).api,
    system.client(await system.signIn("other")).api,
  ];
  const create = (api: typeof one) =>
    api.task.create.mutate({ prompt: "很长", idempotencyKey: crypto.randomUUID() });
  const tasks = [await create(one), await create(one)];
  const othersTask = await create(other);
  const agent = async () => (await one.agent.list.query())[0];
  await until("the agent to have all", async () => {
    const { running = 0, waiting = 0 } = (await agent()) ?? {};
    return running + waiting === 3;
  });
  expect(await agent()).toMatchObject({ running: 2, waiting: 1 });
  const statusOf = async (api: typeof one, id: string) => (await api.task.get.query({ id })).status;
  await until("the other's to run", async () => (await statusOf(other, othersTask.id)) === "running");
  for (const { id } of tasks) await one.task.cancel.mutate({ id });
  await other.task.cancel.mutate({ id: othersTask.id });
  await until("the model to be free", () => system.model.running() === 0);
});

test("lmstudio.first_word_seconds, silence_seconds: a model that says nothing, or nothing more, is given up then", async () => {
  const client = system.client(await system.signIn("asks"));
  const failing = async (question: string) => {
    const askedAt = performance.now();
    const { end, text } = await ask(client, question);
    expect(end).toMatchObject({ t: "failed", code: "model-timeout" });
    return { text, seconds: (performance.now() - askedAt) / 1_000 };
  };
  const silent = await failing("一言不发");
  expect(silent.text).toBe("");
  expect(silent.seconds).toBeGreaterThanOrEqual(FIRST_WORD_SECONDS);
  expect(silent.seconds).toBeLessThan(SILENCE_SECONDS);
  const stalled = await failing("话说一半");
  expect(stalled.text).toBe("好");
  expect(stalled.seconds).toBeGreaterThanOrEqual(SILENCE_SECONDS);
});
