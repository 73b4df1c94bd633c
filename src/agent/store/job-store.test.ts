import { afterEach, beforeEach, expect, setSystemTime, test } from "bun:test";
import { openTestDatabase, said } from "../../../test/agent-parts.ts";
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
  store.append(job, { first: 0, events: [{ t: "cancelled" }] }, said("半个答"));
  store.settle(job.id);
  expect(store.reopen(job.id)).toEqual({ end: { t: "cancelled" }, said: said("半个答") });
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
  store.append(job, { first: 0, events: [STARTED] }, said(""));
  store.append(job, { first: 1, events: [DONE] }, said("答"));
  expect(store.unsettled()).toMatchObject([{ ended: true, nextEvent: 2 }]);
  expect(history(job.conversationId)[1]).toEqual({ role: "assistant", text: "答案", status: "done" });

  const other = newJob();
  store.take({ t: "run", job: other });
  // Its place in the outbox is taken: nothing of it may be kept.
  store.append(other, { first: 0, events: [STARTED] }, said(""));
  expect(() => store.append(other, { first: 0, events: [DONE] }, said("答"))).toThrow();
  expect(history(other.conversationId).at(-1)?.status).toBe("pending");
  expect(store.unsettled().at(-1)).toMatchObject({ ended: false, nextEvent: 1 });
});

test("an answer that failed or was cancelled keeps what there was of it", () => {
  const store = database.store();
  const ends: ReplyEvent[] = [{ t: "cancelled" }, { t: "failed", code: "model-error", message: "断了" }];
  for (const [i, end] of ends.entries()) {
    const job = newJob({ conversationId: `a1.end${i}` });
    store.take({ t: "run", job });
    store.append(job, { first: 0, events: [end] }, said("前半"));
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
  store.append(foreign, { first: 0, events: [{ t: "failed", code: "not-found", message: "" }] }, said(""));
  expect(history("a1.mine")).toEqual(before);
  expect(() => history("a1.mine", "u2")).toThrow();
});

test("the outbox gives the batches that hold a number, and those after it", () => {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [STARTED, STARTED, STARTED] }, said(""));
  store.append(job, { first: 3, events: [STARTED, STARTED] }, said(""));
  const firsts = (from: number) => store.outbox(job.id, from).map(({ first }) => first);
  expect([0, 2, 3, 4, 5].map(firsts)).toEqual([[0, 3], [0, 3], [3], [3], []]);
});

test("a settled job's events are kept from then on for a while, however long ago it ended", () => {
  const MINUTE = 60_000;
  const start = Date.now();
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [DONE] }, said(""));
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
  store.append(unsettled, { first: 0, events: [DONE] }, said(""));
  store.forgetSettled(settledAt + MINUTE);
  expect(store.outbox(job.id, 0)).toEqual([]);
  expect(store.outbox(unsettled.id, 0)).toHaveLength(1);
  expect(store.recentlySettled(settledAt)).toEqual([]);
});

test("one batch in the place of those that were numbered anew", () => {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  store.append(job, { first: 0, events: [STARTED, STARTED] }, said(""));
  store.append(job, { first: 2, events: [STARTED] }, said(""));
  store.append(job, { first: 3, events: [DONE] }, said("答"));
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

/** A turn of conversation a1.r with its answer; without one it waits. */
function answered(text: string, answer: string | undefined, change: Partial<Job> = {}): Job {
  const job = newJob({ conversationId: "a1.r", text, ...change });
  const store = database.store();
  store.take({ t: "run", job });
  if (answer !== undefined)
    store.append(job, { first: 0, events: [{ t: "done", text: answer }] }, said(answer));
  return job;
}
const texts = () => history("a1.r").map(({ text }) => text);
const seenByModel = (job: Job) => [...openConversationStore(database.db).before(job.conversationId, job.id)];

test("a turn takes the place of the last one: in the history, and for the model; ordered again it changes nothing", () => {
  answered("问1", "答1");
  const last = answered("问2", "答2");
  const anew = answered("问2，改过", undefined, { replaces: last.id });
  expect(texts()).toEqual(["问1", "答1", "问2，改过", ""]);
  expect(seenByModel(anew).map(({ text }) => text)).toEqual(["答1", "问1"]);
  const store = database.reopen();
  for (const job of [last, anew]) expect(store.take({ t: "run", job })).toBeUndefined();
  expect(texts()).toEqual(["问1", "答1", "问2，改过", ""]);
  // What it took the place of does not come back, whatever becomes of it.
  store.append(anew, { first: 0, events: [{ t: "cancelled" }] }, said(""));
  expect(texts()).toEqual(["问1", "答1", "问2，改过", ""]);
});

test("only the last turn of the same conversation can be replaced, and only one that has ended or is to", () => {
  const first = answered("问1", "答1");
  const elsewhere = answered("别处", "答", { conversationId: "a1.r2" });
  const foreign = answered("别人", "答", { conversationId: "a1.r3", userId: "u2" });
  answered("问2", "答2");
  const all = () => [...texts(), ...history("a1.r2").map(({ text }) => text)];
  const before = all();
  let added: string[] = [];
  for (const replaces of [first.id, elsewhere.id, foreign.id, "a1.nosuch"]) {
    answered("又问", "又答", { replaces });
    added = [...added, "又问", "又答"];
    expect(all()).toEqual([...before.slice(0, 4), ...added, ...before.slice(4)]);
  }
  expect(history("a1.r3", "u2")).toHaveLength(2);

  const waits = answered("还在等", undefined);
  const tooEarly = answered("等不及了", undefined, { replaces: waits.id });
  expect(texts().slice(-4)).toEqual(["还在等", "", "等不及了", ""]);
  // It may take its time to let go of the model server.
  database.store().take({ t: "cancel", jobId: tooEarly.id });
  answered("改过", undefined, { replaces: tooEarly.id });
  expect(texts().slice(-4)).toEqual(["还在等", "", "改过", ""]);
});

test("of a turn that was replaced nothing is kept but that it was there; asked for again, it is gone", () => {
  const store = database.store();
  const last = answered("不要留下这句", "答");
  store.settle(last.id);
  const anew = answered("改过", "答", { replaces: last.id });
  const bodies = database.db.query<{ body: string }, []>("SELECT body FROM job").all();
  expect(JSON.stringify(bodies)).not.toContain("不要留下这句");
  const known = store.reopen(last.id);
  expect(known).toMatchObject({ end: { t: "failed", code: "not-found" }, said: said("") });
  if (known) store.append(last, { first: 0, events: [known.end] }, known.said);
  expect(texts()).toEqual(["改过", "答"]);
  expect(store.reopen("a1.nosuch")).toBeUndefined();
  expect(store.unsettled().map(({ job }) => job.id)).toEqual([last.id, anew.id]);
});

test("a failed answer that is asked for again has failed for the same reason, with the same thoughts", () => {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  const end = { t: "failed", code: "model-timeout", message: "太久了" } as const;
  const half = { text: "半", reasoning: "想了想" };
  store.append(job, { first: 0, events: [end] }, half);
  store.settle(job.id);
  expect(store.reopen(job.id)).toEqual({ end, said: half });
});
