import { afterAll, beforeAll, expect, test } from "bun:test";
import { ask } from "./ask.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { watchJob } from "./watched-job.ts";

/** Longer than any test. */
const ENDLESS = "字".repeat(20_000);
let system: System;
let client: UserClient;

beforeAll(async () => {
  system = await startSystem({
    model: {
      tokensPerSecond: 100,
      contextTokens: 32_768,
      reply: (messages) => (messages.at(-1)?.content.startsWith("很长") ? ENDLESS : "好"),
    },
    // One for the turn, one for a task, and one more task that waits.
    agentEnv: { CLAW_AGENT_SLOTS: "2" },
  });
  client = system.client(await system.signIn("user"));
}, 60_000);
afterAll(() => system.stop(), 30_000);

test("what is cancelled while its agent is dead asks nothing of the model when that is back, and keeps its text", async () => {
  const { api } = client;
  const create = (prompt: string) => api.task.create.mutate({ prompt, idempotencyKey: crypto.randomUUID() });
  const statusOf = async ({ id }: { id: string }) => (await api.task.get.query({ id })).status;
  const turn = await api.chat.send.mutate({ text: "很长的回答", idempotencyKey: crypto.randomUUID() });
  const answer = watchJob(client, turn.jobId);
  const running = await create("很长的任务");
  const work = watchJob(client, running.jobId);
  await until("both to be written", () => answer.text().length > 20 && work.text().length > 20);
  const waiting = await create("很长，还在等");
  await until("the other to wait there", async () => (await statusOf(waiting)) === "delivered");

  await system.agent().kill9();
  await until("the model server to notice", () => system.model.running() === 0);
  const requests = system.model.requests();
  expect(await api.job.cancel.mutate({ jobId: turn.jobId })).toBe("cancelling");
  for (const { id } of [running, waiting]) expect(await api.task.cancel.mutate({ id })).toBe("cancelling");
  await system.startAgent();
  const end = watchJob(client, waiting.jobId);
  await Promise.all([answer.completed, work.completed, end.completed]);
  for (const job of [answer, work, end]) expect([job.end()?.t, job.faults]).toEqual(["cancelled", []]);
  const { history } = await api.task.get.query({ id: running.id });
  const { messages } = await api.chat.history.query({ conversationId: turn.conversationId });
  for (const text of [history[0]?.result, messages.at(-1)?.text]) expect(text?.length).toBeGreaterThan(10);
  expect(end.events).toHaveLength(1);

  // Whatever it had begun, it would have begun before.
  expect((await ask(client, "还在吗")).end).toMatchObject({ t: "done", text: "好" });
  expect(system.model.requests()).toBe(requests + 1);
}, 60_000);
