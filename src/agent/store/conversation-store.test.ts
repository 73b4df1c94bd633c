import { afterAll, beforeAll, expect, test } from "bun:test";
import { getTRPCErrorFromUnknown } from "@trpc/server";
import * as v from "valibot";
import { openTestDatabase, said } from "../../../test/agent-parts.ts";
import { newJob } from "../../../test/gateway-parts.ts";
import { HistoryPage } from "../../contract/conversation.ts";
import type { Job } from "../../contract/job.ts";
import { type ConversationStore, openConversationStore } from "./conversation-store.ts";

let database: ReturnType<typeof openTestDatabase>;
let conversations: ConversationStore;
beforeAll(() => {
  database = openTestDatabase();
  conversations = openConversationStore(database.db);
});
afterAll(() => database.close());

function turn(
  conversationId: string,
  text: string,
  answer: string | undefined,
  change: Partial<Job> = {},
): Job {
  const store = database.store();
  const job = newJob({ conversationId, text, ...change });
  store.take({ t: "run", job });
  if (answer !== undefined)
    store.append(job, { first: 0, events: [{ t: "done", text: answer }] }, said(answer));
  return job;
}
/** All of a conversation, page by page from the end. */
function pages(conversationId: string, limit: number): string[][] {
  const found: string[][] = [];
  let before: string | undefined;
  do {
    const page = conversations.history("u1", {
      conversationId,
      limit,
      ...(before === undefined ? {} : { before }),
    });
    expect(v.is(HistoryPage, page)).toBe(true);
    found.push(page.messages.map(({ text }) => text));
    before = page.before;
  } while (before !== undefined && found.length < 100);
  return found;
}

test("pages cover a conversation once and in order, whatever their size", () => {
  for (let n = 0; n < 5; n++) turn("a1.c1", `问${n}`, `答${n}`);
  const all = [0, 1, 2, 3, 4].flatMap((n) => [`问${n}`, `答${n}`]);
  for (const limit of [1, 3, 9, 10, 100]) {
    const found = pages("a1.c1", limit);
    expect(found.toReversed().flat()).toEqual(all);
    expect(Math.max(...found.map((page) => page.length))).toBeLessThanOrEqual(limit);
    // No empty page at the beginning of the conversation.
    expect(found.at(-1)).not.toEqual([]);
  }
});

test("a page fits into one message on the link, and one message too large for it still comes", () => {
  for (let n = 0; n < 4; n++) turn("a1.c2", `${n}`, "长".repeat(200_000));
  turn("a1.c2", "最长", "长".repeat(900_000));
  const found = pages("a1.c2", 100);
  for (const page of found) {
    const chars = page.join("").length;
    expect(chars <= 500_000 || page.length === 1).toBe(true);
  }
  expect(found.flat()).toHaveLength(10);
});

test("a conversation of somebody else is not there", () => {
  turn("a1.c3", "秘密", "秘密", { userId: "u9" });
  for (const conversationId of ["a1.c3", "a1.nosuch"]) {
    try {
      conversations.history("u1", { conversationId, limit: 30 });
      expect.unreachable();
    } catch (error) {
      expect(getTRPCErrorFromUnknown(error).code).toBe("NOT_FOUND");
    }
  }
  expect(conversations.list("u1").map(({ id }) => id)).not.toContain("a1.c3");
});

test("the list is by what happened last, named after the first message", () => {
  turn("a1.d1", "第一个\n会话", undefined, { userId: "u5", createdAt: 1 });
  turn("a1.d2", "第二个", undefined, { userId: "u5", createdAt: 2 });
  turn("a1.d1", "后来", undefined, { userId: "u5", createdAt: 3 });
  expect(conversations.list("u5")).toEqual([
    { id: "a1.d1", agentId: "a1", title: "第一个 会话", updatedAt: 3 },
    { id: "a1.d2", agentId: "a1", title: "第二个", updatedAt: 2 },
  ]);
});

test("the model sees the turns answered before, not those that failed, wait, or came after", () => {
  turn("a1.c4", "问1", "答1");
  const failed = turn("a1.c4", "问2", undefined);
  const store = database.store();
  store.append(failed, { first: 0, events: [{ t: "failed", code: "internal", message: "" }] }, said("半"));
  turn("a1.c4", "问3", undefined);
  const asked = turn("a1.c4", "问4", undefined);
  turn("a1.c4", "问5", "答5");
  expect([...conversations.before("a1.c4", asked.id)]).toEqual([
    { role: "assistant", text: "答1" },
    { role: "user", text: "问1" },
  ]);
  // Read to its half, it can be asked again.
  for (const _half of conversations.before("a1.c4", asked.id)) break;
  expect([...conversations.before("a1.c4", asked.id)]).toHaveLength(2);
});

test("what the model thought is told with its answer, counts in a page, and is not told to the model", () => {
  const thought = { text: "答", reasoning: "想".repeat(30_000) };
  const jobs = Array.from({ length: 20 }, () => turn("a1.c5", "问", undefined));
  for (const job of jobs)
    database.store().append(job, { first: 0, events: [{ t: "done", text: "答" }] }, thought);
  const { messages, before } = conversations.history("u1", { conversationId: "a1.c5", limit: 100 });
  expect(messages.at(-1)).toMatchObject({ role: "assistant", reasoning: thought.reasoning });
  expect(messages.at(-2)).not.toHaveProperty("reasoning");
  expect(messages.length).toBeGreaterThan(10);
  expect(messages.map(({ reasoning = "" }) => reasoning).join("").length).toBeLessThan(500_000);
  expect(before).toBeString();
  const asked = turn("a1.c5", "再问", undefined);
  expect([...conversations.before("a1.c5", asked.id)].every(({ text }) => text.length < 5)).toBe(true);
});

test("why there is no answer is told, of a failed one only", () => {
  const failure = { code: "model-timeout", message: "模型服务长时间没有回应" } as const;
  const failed = turn("a1.c6", "问", undefined);
  database.store().append(failed, { first: 0, events: [{ t: "failed", ...failure }] }, said("半"));
  turn("a1.c6", "再问", "答");
  const { messages } = conversations.history("u1", { conversationId: "a1.c6", limit: 10 });
  expect(messages.map((message) => message.failure)).toEqual([undefined, failure, undefined, undefined]);
  expect(v.is(HistoryPage, { messages })).toBe(true);
});

const codeOf = (ask: () => unknown) => {
  try {
    ask();
    return "an answer";
  } catch (error) {
    return getTRPCErrorFromUnknown(error).code;
  }
};
const titles = (userId: string) => conversations.list(userId).map(({ title }) => title);

test("a new title stays, also when the conversation goes on; only its owner gives one, and only to a chat", () => {
  turn("a1.e1", "原来的", "答", { userId: "u6", createdAt: 1 });
  turn("a1.e2", "任务", "结果", { userId: "u6", kind: "task" });
  conversations.rename("u6", "a1.e1", "新名字");
  turn("a1.e1", "后来", "答", { userId: "u6", createdAt: 2 });
  expect(titles("u6")).toEqual(["新名字"]);
  for (const [userId, id] of [
    ["u1", "a1.e1"],
    ["u6", "a1.e2"],
    ["u6", "a1.nosuch"],
  ] as const)
    expect(codeOf(() => conversations.rename(userId, id, "别的"))).toBe("NOT_FOUND");
  expect(titles("u6")).toEqual(["新名字"]);
});

test("a deleted conversation is gone with all that was said in it; only its owner can delete it, and only a chat", () => {
  turn("a1.f1", "留下的问", "留下的答", { userId: "u7" });
  turn("a1.f2", "机密的问", "机密的答", { userId: "u7" });
  const open = turn("a1.f2", "机密的问，还没有答", undefined, { userId: "u7" });
  turn("a1.f3", "任务", "结果", { userId: "u7", kind: "task" });
  for (const [userId, id] of [
    ["u1", "a1.f2"],
    ["u7", "a1.f3"],
    ["u7", "a1.nosuch"],
  ] as const)
    expect(conversations.remove(userId, id)).toEqual([]);
  expect(conversations.history("u7", { conversationId: "a1.f2", limit: 10 }).messages).toHaveLength(4);

  expect(conversations.remove("u7", "a1.f2")).toEqual([open.id]);
  expect(database.store().isCancelled(open.id)).toBe(true);
  expect(conversations.admits(open)).toBe(false);
  expect(titles("u7")).toEqual(["留下的问"]);
  expect(codeOf(() => conversations.history("u7", { conversationId: "a1.f2", limit: 10 }))).toBe("NOT_FOUND");
  expect(conversations.remove("u7", "a1.f2")).toEqual([]);
  const kept = database.db
    .query<{ body: string }, []>("SELECT body FROM job UNION ALL SELECT text FROM message")
    .all();
  expect(JSON.stringify(kept)).toContain("留下的问");
  expect(JSON.stringify(kept)).not.toContain("机密");
});

test("what is sent into a deleted conversation begins it anew, for its owner; nobody else can take its place", () => {
  turn("a1.g1", "从前", "答", { userId: "u8" });
  conversations.remove("u8", "a1.g1");
  const foreign = turn("a1.g1", "占用", undefined, { userId: "u9" });
  expect(conversations.admits(foreign)).toBe(false);
  expect([titles("u8"), titles("u9").includes("占用")]).toEqual([[], false]);

  const again = turn("a1.g1", "重新开始", undefined, { userId: "u8" });
  expect(conversations.admits(again)).toBe(true);
  expect(titles("u8")).toEqual(["重新开始"]);
  const { messages } = conversations.history("u8", { conversationId: "a1.g1", limit: 10 });
  expect(messages.map(({ text }) => text)).toEqual(["重新开始", ""]);
  expect([...conversations.before("a1.g1", again.id)]).toEqual([]);
});
