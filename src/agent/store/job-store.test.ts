import { afterEach, beforeEach, expect, setSystemTime, test } from "bun:test";
import { openTestDatabase } from "../../../test/agent-parts.ts";
import { newJob } from "../../../test/gateway-parts.ts";
import type { Job } from "../../contract/job.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import { openConversationStore } from "./conversation-store.ts";

let database: ReturnType<typeof openTestDatabase>;
beforeEach(() => {
  database = openTestDatabase();
});
afterEach(() => {
  setSystemTime();
  database.close();
});

const STARTED: ReplyEvent = { t: "started" };
const DONE: ReplyEvent = { t: "done", text: "答案" };
const history = (conversationId: string, userId = "u1") =>
  openConversationStore(database.db)
    .history(userId, { conversationId, limit: 100 })
    .messages.map(({ role, text, status }) => ({ role, text, status }));

test("a job is taken once, also by a restarted agent, and is in the history at once", () => {
  const job = newJob({ text: "问" });
  expect(database.store().take({ t: "run", job })).toEqual(job);
  expect(database.store().take({ t: "run", job })).toBeUndefined();
  const store = database.reopen();
  expect(store.take({ t: "run", job })).toBeUndefined();
  expect(store.unsettled()).toEqual([{ job, ended: false, nextEvent: 0, cancelled: false, begun: 0 }]);
  expect(history(job.conversationId)).toEqual([
    { role: "user", text: "问", status: "done" },
    { role: "assistant", text: "", status: "pending" },
  ]);
});

test("a job of a gateway that knows no tasks yet is a turn", () => {
  const { kind, ...old } = newJob();
  expect(database.store().take({ t: "run", job: old as Job })).toEqual({ kind, ...old });
  expect(history(old.conversationId)).toHaveLength(2);
});

test("a task's beginnings are counted, but not those from which it was let go", () => {
  const job = newJob({ kind: "task" });
  const begun = () => database.reopen().unsettled()[0]?.begun;
  database.store().take({ t: "run", job });
  database.store().begin(job.id);
  expect(begun()).toBe(1);
  database.store().begin(job.id);
  database.store().letGo(job.id);
  expect(begun()).toBe(1);
});

test("a settled job that is taken up again keeps what there was of its answer", () => {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [{ t: "cancelled" }] }, "半个答");
  store.settle(job.id);
  expect(store.reopen(job.id)).toEqual({ end: { t: "cancelled" }, text: "半个答" });
});

test("unsettled jobs come back in the order in which they arrived", () => {
  const jobs = [newJob({ createdAt: 30 }), newJob({ createdAt: 10 }), newJob({ createdAt: 20 })];
  for (const job of jobs) database.store().take({ t: "run", job });
  expect(
    database
      .reopen()
      .unsettled()
      .map(({ job }) => job.id),
  ).toEqual(jobs.map(({ id }) => id));
});

test("the end of a job and its answer in the history are one step", () => {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [STARTED] }, "");
  store.append(job, { first: 1, events: [DONE] }, "答");
  expect(store.unsettled()).toMatchObject([{ ended: true, nextEvent: 2 }]);
  expect(history(job.conversationId)[1]).toEqual({ role: "assistant", text: "答案", status: "done" });

  const other = newJob();
  store.take({ t: "run", job: other });
  // Its place in the outbox is taken: nothing of it may be kept.
  store.append(other, { first: 0, events: [STARTED] }, "");
  expect(() => store.append(other, { first: 0, events: [DONE] }, "答")).toThrow();
  expect(history(other.conversationId).at(-1)?.status).toBe("pending");
  expect(store.unsettled().at(-1)).toMatchObject({ ended: false, nextEvent: 1 });
});

test("an answer that failed or was cancelled keeps what there was of it", () => {
  const store = database.store();
  const ends: ReplyEvent[] = [{ t: "cancelled" }, { t: "failed", code: "model-error", message: "断了" }];
  for (const [i, end] of ends.entries()) {
    const job = newJob({ conversationId: `a1.end${i}` });
    store.take({ t: "run", job });
    store.append(job, { first: 0, events: [end] }, "前半");
    expect(history(job.conversationId)[1]).toEqual({
      role: "assistant",
      text: "前半",
      status: end.t as "failed",
    });
  }
});

test("a message into somebody else's conversation leaves no trace in it", () => {
  const store = database.store();
  store.take({ t: "run", job: newJob({ conversationId: "a1.mine" }) });
  const before = history("a1.mine");
  const foreign = newJob({ conversationId: "a1.mine", userId: "u2" });
  expect(store.take({ t: "run", job: foreign })).toEqual(foreign);
  store.append(foreign, { first: 0, events: [{ t: "failed", code: "not-found", message: "" }] }, "");
  expect(history("a1.mine")).toEqual(before);
  expect(() => history("a1.mine", "u2")).toThrow();
});

test("the outbox gives the batches that hold a number, and those after it", () => {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [STARTED, STARTED, STARTED] }, "");
  store.append(job, { first: 3, events: [STARTED, STARTED] }, "");
  const firsts = (from: number) => store.outbox(job.id, from).map(({ first }) => first);
  expect([0, 2, 3, 4, 5].map(firsts)).toEqual([[0, 3], [0, 3], [3], [3], []]);
});

test("a settled job's events are kept from then on for a while, however long ago it ended", () => {
  const MINUTE = 60_000;
  const start = Date.now();
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [DONE] }, "");
  // The link was down for an hour.
  const settledAt = start + 60 * MINUTE;
  setSystemTime(settledAt);
  store.settle(job.id);
  store.forgetSettled(settledAt - MINUTE);
  expect(store.unsettled()).toEqual([]);
  expect(store.outbox(job.id, 0)).toHaveLength(1);
  expect(store.recentlySettled(settledAt - MINUTE)).toEqual([{ job, nextEvent: 1 }]);

  const unsettled = newJob();
  store.take({ t: "run", job: unsettled });
  store.append(unsettled, { first: 0, events: [DONE] }, "");
  store.forgetSettled(settledAt + MINUTE);
  expect(store.outbox(job.id, 0)).toEqual([]);
  expect(store.outbox(unsettled.id, 0)).toHaveLength(1);
  expect(store.recentlySettled(settledAt)).toEqual([]);
});

test("one batch in the place of those that were numbered anew", () => {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [STARTED, STARTED] }, "");
  store.append(job, { first: 2, events: [STARTED] }, "");
  store.append(job, { first: 3, events: [DONE] }, "答");
  store.renumber(job.id, 2, { first: 9, events: [STARTED, DONE] });
  expect(store.outbox(job.id, 0).map(({ first }) => first)).toEqual([0, 9]);
  expect(store.unsettled()).toMatchObject([{ ended: true, nextEvent: 11 }]);
});

test("what the gateway may let go of is on the disk", () => {
  const store = database.store();
  store.take({ t: "run", job: newJob() });
  store.secure("17-0");
  const row = database.db
    .query<{ value: string }, []>("SELECT value FROM setting WHERE name = 'last_order'")
    .get();
  expect(row?.value).toBe("17-0");
});
