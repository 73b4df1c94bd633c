import { expect, test } from "bun:test";
import type { Conversation } from "../../../src/contract/conversation.ts";
import type { FeedEvent } from "../../../src/contract/feed.ts";
import type { JobSummary } from "../../../src/contract/job.ts";
import { readHome, writeHome } from "./home-cache";
import { openRecentConversations } from "./recent-conversations";

const conversation = (n: number): Conversation => ({
  id: `a1.c${n}`,
  agentId: "a1",
  title: `第 ${n} 个`,
  updatedAt: n,
});

function open(known?: Conversation[]) {
  const gateway = { answer: Promise.resolve([4, 3, 2, 1].map(conversation)) };
  const listeners = new Set<(event: FeedEvent) => void>();
  const seen = { changes: 0 };
  const recent = openRecentConversations({
    query: () => gateway.answer,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    known,
    count: 3,
    changed: () => seen.changes++,
  });
  const tell = (event: FeedEvent) => listeners.forEach((listener) => listener(event));
  return { gateway, listeners, seen, recent, tell };
}

test("the newest few, with the titles that they are given, without those that are deleted", async () => {
  const { recent, tell, seen } = open();
  expect([recent.list, recent.stale]).toEqual([undefined, true]);
  await recent.load();
  tell({ t: "conversation", id: "a1.c3", title: "改名" });
  expect(recent.list?.map(({ title }) => title)).toEqual(["第 4 个", "改名", "第 2 个"]);
  expect(recent.stale).toBe(false);
  tell({ t: "conversation-deleted", id: "a1.c4" });
  expect([recent.list?.length, recent.stale, seen.changes]).toEqual([2, true, 3]);
});

test("a turn makes them stale, a task does not", async () => {
  const { recent, tell } = open();
  await recent.load();
  const job = { kind: "task" } as JobSummary;
  tell({ t: "job", job });
  expect(recent.stale).toBe(false);
  tell({ t: "job", job: { ...job, kind: "turn" } });
  expect(recent.stale).toBe(true);
});

test("what was known stays when the agent does not answer", async () => {
  const { recent, gateway, listeners } = open([conversation(9)]);
  gateway.answer = Promise.reject(new Error("offline"));
  expect(await recent.load().catch((error: Error) => error.message)).toBe("offline");
  expect([recent.list, recent.stale]).toEqual([[conversation(9)], true]);
  recent.close();
  expect(listeners.size).toBe(0);
});

test("the cache is its user's only", () => {
  const kept = new Map<string, unknown>();
  const storage = {
    read: (key: string) => kept.get(key),
    write: (key: string, value: unknown) => kept.set(key, value),
  };
  expect(readHome(storage, "u1")).toBeUndefined();
  const home = { userId: "u1", conversations: [conversation(1)], tasks: [] };
  writeHome(storage, home);
  expect(readHome(storage, "u1")).toEqual(home);
  expect([readHome(storage, "u2"), readHome(storage, undefined)]).toEqual([undefined, undefined]);
  for (const broken of ["x", 7, {}, { userId: "u1", conversations: 1, tasks: [] }]) {
    kept.set("home", broken);
    expect(readHome(storage, "u1")).toBeUndefined();
  }
});
