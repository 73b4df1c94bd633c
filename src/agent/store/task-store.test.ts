import { afterEach, beforeEach, expect, test } from "bun:test";
import { getTRPCErrorFromUnknown } from "@trpc/server";
import { openTestDatabase, said } from "../../../test/agent-parts.ts";
import { newJob } from "../../../test/gateway-parts.ts";
import type { Job } from "../../contract/job.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import { agentRouter } from "../../contract/agent-api.ts";
import { openConversations } from "../conversations.ts";
import { openConversationStore } from "./conversation-store.ts";
import { openTaskStore } from "./task-store.ts";

let database: ReturnType<typeof openTestDatabase>;
beforeEach(() => {
  database = openTestDatabase();
});
afterEach(() => database.close());

const TASK = "a1.t1";
const delta = (text: string): ReplyEvent => ({ t: "delta", text });
function attempt(change: Partial<Job> = {}): Job {
  const job = newJob({ kind: "task", conversationId: TASK, text: "做这个", ...change });
  database.store().take({ t: "run", job });
  return job;
}
function ended(job: Job, result: string): Job {
  database.store().append(job, { first: 0, events: [{ t: "done", text: result }] }, said(result));
  return job;
}
/** As the gateway asks for it. */
function attempts(userId = "u1", taskId = TASK) {
  const nobody = { end: () => {} };
  const conversations = openConversations(openConversationStore(database.db), nobody);
  const context = { conversations, tasks: openTaskStore(database.db) };
  return agentRouter.createCaller(context).tasks.attempts({ userId, taskId });
}
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => "an answer",
    (error: unknown) => getTRPCErrorFromUnknown(error).code,
  );

test("attempts come oldest first, the last one with what there is of it", async () => {
  const first = ended(attempt(), "第一次");
  const second = attempt();
  expect((await attempts()).map(({ jobId, result }) => [jobId, result])).toEqual([
    [first.id, "第一次"],
    [second.id, ""],
  ]);
  const store = database.store();
  store.append(second, { first: 0, events: [{ t: "started" }, delta("旧"), { t: "reset" }] }, said(""));
  store.append(second, { first: 3, events: [delta("新"), delta("的")] }, said("新的"));
  expect((await attempts()).at(-1)).toEqual({ jobId: second.id, prompt: "做这个", result: "新的" });
});

test("older attempts that would not fit into one message are left out, the newest never", async () => {
  const long = "长".repeat(240_000);
  const made = [1, 2, 3].map(() => ended(attempt(), long));
  expect((await attempts()).map(({ jobId }) => jobId)).toEqual(made.slice(1).map(({ id }) => id));
  const longest = ended(attempt(), "长".repeat(900_000));
  expect((await attempts()).map(({ jobId }) => jobId)).toEqual([longest.id]);
});

test("somebody else's task, none, and a chat are not there", async () => {
  ended(attempt(), "秘密");
  database.store().take({ t: "run", job: newJob({ conversationId: "a1.chat" }) });
  expect(await codeOf(attempts("u2"))).toBe("NOT_FOUND");
  expect(await codeOf(attempts("u1", "a1.nosuch"))).toBe("NOT_FOUND");
  expect(await codeOf(attempts("u1", "a1.chat"))).toBe("NOT_FOUND");
});

test("a task is in no list of chats, and neither chats nor tasks get into each other", () => {
  attempt();
  database.store().take({ t: "run", job: newJob({ conversationId: "a1.chat" }) });
  const conversations = openConversationStore(database.db);
  expect(conversations.list("u1").map(({ id }) => id)).toEqual(["a1.chat"]);
  const turn = newJob({ conversationId: TASK });
  const astray = newJob({ kind: "task", conversationId: "a1.chat" });
  for (const job of [turn, astray]) {
    database.store().take({ t: "run", job });
    expect(conversations.admits(job)).toBe(false);
  }
  expect(conversations.history("u1", { conversationId: TASK, limit: 10 }).messages).toHaveLength(2);
  expect(conversations.history("u1", { conversationId: "a1.chat", limit: 10 }).messages).toHaveLength(2);
});
