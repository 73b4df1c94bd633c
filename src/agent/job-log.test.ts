import { afterEach, expect, test } from "bun:test";
import { openTestDatabase, said, unexpected } from "../../test/agent-parts.ts";
import { newJob } from "../../test/gateway-parts.ts";
import { until } from "../../test/until.ts";
import { MAX_REASONING_CHARS } from "../contract/conversation.ts";
import type { ReplyEvent } from "../contract/reply-event.ts";
import { openJobLog } from "./job-log.ts";

const database = openTestDatabase();
const cleanups: (() => void)[] = [() => database.close()];
process.once("exit", () => cleanups.forEach((cleanup) => cleanup()));
let told = 0;
afterEach(() => {
  told = 0;
});

function opened(options: { next?: number; ended?: boolean } = {}) {
  const store = database.store();
  const job = newJob();
  store.take({ t: "run", job });
  const { next = 0, ended = false } = options;
  return {
    store,
    job,
    log: openJobLog({ store, job, next, ended, onAdded: () => told++, onFailure: unexpected }),
  };
}
const delta = (n: number): ReplyEvent => ({ t: "delta", text: `${n};` });

test("events of one turn of the event loop are written as one row, and then told of; a first word at once", async () => {
  const { store, job, log } = opened();
  const rows = () => store.outbox(job.id, 0);
  log.add({ t: "started" });
  expect([told, rows().length]).toEqual([0, 0]);
  log.add(delta(1));
  expect([told, rows().length]).toEqual([1, 1]);
  expect([log.next(), log.read(0, 10)]).toEqual([2, [{ t: "started" }, delta(1)]]);
  log.add(delta(2));
  log.add(delta(3));
  expect([told, rows().length]).toEqual([1, 1]);
  await until("it is told", () => told === 2);
  expect(rows()).toEqual([
    { first: 0, events: [{ t: "started" }, delta(1)] },
    { first: 2, events: [delta(2), delta(3)] },
  ]);
});

test("what is read before its turn is over is written first", () => {
  const { store, job, log } = opened();
  log.add({ t: "started" });
  expect(log.read(0, 10)).toEqual([{ t: "started" }]);
  expect(store.outbox(job.id, 0)).toEqual([{ first: 0, events: [{ t: "started" }] }]);
});

test("what is not written yet is when the process ends", () => {
  const { store, job, log } = opened();
  log.add({ t: "started" });
  log.flush();
  log.flush();
  expect(store.outbox(job.id, 0)).toEqual([{ first: 0, events: [{ t: "started" }] }]);
});

test("the end is in the outbox at once, with what was before it", () => {
  const { store, job, log } = opened();
  log.add(delta(1));
  log.add(delta(2));
  log.add({ t: "cancelled" });
  expect(store.outbox(job.id, 0)).toEqual([
    { first: 0, events: [delta(1)] },
    { first: 1, events: [delta(2), { t: "cancelled" }] },
  ]);
  expect(log.ended()).toBe(true);
  expect(() => log.add(delta(2))).toThrow();
});

test("reads the same from memory, from the disk, and across the border", async () => {
  const { store, job, log } = opened();
  for (let n = 0; n < 9; n++) {
    log.add(delta(n));
    // Some rows have one event, some have two, and the last event is not written.
    if (n % 2 === 0 && n < 8) log.flush();
  }
  const all = Array.from({ length: 9 }, (_, n) => delta(n));
  const check = (read: (from: number, limit: number) => ReplyEvent[]) => {
    for (let from = 0; from <= 9; from++)
      for (const limit of [1, 3, 100]) expect(read(from, limit)).toEqual(all.slice(from, from + limit));
  };
  check((from, limit) => log.read(from, limit));
  log.forget(4);
  check((from, limit) => log.read(from, limit));
  log.forget(2);
  log.forget(9);
  check((from, limit) => log.read(from, limit));
  // As after a restart: nothing is in memory.
  log.flush();
  const restarted = openJobLog({
    store,
    job,
    next: 9,
    ended: false,
    onAdded: () => {},
    onFailure: unexpected,
  });
  check((from, limit) => restarted.read(from, limit));
  restarted.add(delta(9));
  expect(restarted.read(7, 10)).toEqual([delta(7), delta(8), delta(9)]);
});

test("moved, what this process wrote has new numbers behind a reset, in memory and on the disk", async () => {
  const { store, job, log } = opened();
  log.add(delta(0));
  log.add(delta(1));
  log.flush();
  // A process that goes on after these two, and does not know of some that were lost.
  const next = openJobLog({
    store,
    job,
    next: 2,
    ended: false,
    onAdded: () => told++,
    onFailure: unexpected,
  });
  next.add({ t: "reset" });
  next.add({ t: "started" });
  expect(next.writer().first).toBe(2);
  next.moveTo(7);
  const moved: ReplyEvent[] = [{ t: "reset" }, { t: "reset" }, { t: "started" }];
  expect(next.read(7, 10)).toEqual(moved);
  next.forget(10);
  expect(next.read(7, 10)).toEqual(moved);
  expect([next.next(), next.writer().first]).toEqual([10, 7]);
  // What lies between is nobody's: it is not to be filled with what comes behind it.
  expect(next.read(1, 10)).toEqual([delta(1)]);
  expect(next.read(3, 10)).toEqual([]);
  next.add({ t: "done", text: "完" });
  expect(next.read(9, 10)).toEqual([{ t: "started" }, { t: "done", text: "完" }]);
  expect(store.unsettled().find((one) => one.job.id === job.id)?.nextEvent).toBe(11);
});

test("a run that begins takes back what an earlier one said, but not before that", async () => {
  const { store, job } = opened();
  const first = openJobLog({ store, job, next: 0, ended: false, onAdded: () => {}, onFailure: unexpected });
  first.begin();
  first.add(delta(1));
  first.begin();
  first.add(delta(2));
  first.flush();
  expect(first.read(0, 10).map(({ t }) => t)).toEqual(["started", "delta", "reset", "started", "delta"]);
  const answer = () =>
    database.db
      .query<{ text: string }, [string]>("SELECT text FROM message WHERE job_id = ? AND role = 'assistant'")
      .get(job.id)?.text;
  // Cancelled before it begins again, what an earlier process had made is what there is.
  openJobLog({
    store,
    job,
    next: 5,
    ended: false,
    said: said("2;"),
    onAdded: () => {},
    onFailure: unexpected,
  }).add({
    t: "cancelled",
  });
  expect(answer()).toBe("2;");
});

test("the first thoughts are kept with the answer, and a reset takes them back, too", async () => {
  const kept = (jobId: string) =>
    database.db
      .query<{ reasoning: string }, [string]>(
        "SELECT reasoning FROM message WHERE job_id = ? AND role = 'assistant'",
      )
      .get(jobId)?.reasoning ?? "";
  const { job, log } = opened();
  log.add({ t: "reasoning", text: "白想" });
  log.add({ t: "reset" });
  log.add({ t: "reasoning", text: "先想" });
  log.add({ t: "reasoning", text: "再想" });
  log.add({ t: "done", text: "答" });
  expect(kept(job.id)).toBe("先想再想");

  const long = opened();
  for (let n = 0; n < 9; n++) long.log.add({ t: "reasoning", text: "长".repeat(4_096) });
  long.log.add({ t: "cancelled" });
  expect(kept(long.job.id)).toBe("长".repeat(MAX_REASONING_CHARS));

  const half = opened();
  half.log.add({ t: "reasoning", text: `${"a".repeat(MAX_REASONING_CHARS - 1)}😀` });
  half.log.add({ t: "cancelled" });
  expect(kept(half.job.id)).toBe("a".repeat(MAX_REASONING_CHARS - 1));

  // A process before this one has thought; this one is cancelled before it begins again.
  const before = { text: "", reasoning: "想过" };
  const next = opened();
  openJobLog({ ...next, next: 3, ended: false, said: before, onAdded: () => {}, onFailure: unexpected }).add({
    t: "cancelled",
  });
  expect(kept(next.job.id)).toBe("想过");
});

test("a disk that refuses what is to be written is told of", async () => {
  const full = openTestDatabase();
  const store = full.store();
  const job = newJob();
  store.take({ t: "run", job });
  const failure = Promise.withResolvers<unknown>();
  const log = openJobLog({
    store,
    job,
    next: 0,
    ended: false,
    onAdded: () => {},
    onFailure: failure.resolve,
  });
  full.close();
  log.add({ t: "started" });
  expect(await failure.promise).toBeInstanceOf(Error);
});
