import { afterAll, beforeAll, expect, test } from "bun:test";
import { getTRPCErrorFromUnknown } from "@trpc/server";
import * as v from "valibot";
import { openTestDatabase } from "../../../test/agent-parts.ts";
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
  if (answer !== undefined) store.append(job, { first: 0, events: [{ t: "done", text: answer }] }, answer);
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
  store.append(failed, { first: 0, events: [{ t: "failed", code: "internal", message: "" }] }, "半");
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
