import { expect, test } from "bun:test";
import { openScheduler } from "./scheduler.ts";

/**
 * Runs jobs until each is told to end. `a1` is a turn in lane a; `A1` is a task of user A in a lane of its own. A job
 * that is asked to give way does so when it is told to end, too.
 */
function workshop(slots: () => number, tasksPerUser = 2) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const asked = new Set<string>();
  const isTask = (job: string) => job !== job.toLowerCase();
  const scheduler = openScheduler<string>({
    slots,
    tasksPerUser,
    kind: (job) => (isTask(job) ? "task" : "turn"),
    user: (job) => job.charAt(0),
    lane: (job) => (isTask(job) ? job : job.charAt(0)),
    run(job, giveWay) {
      begun.push(job);
      giveWay.addEventListener("abort", () => asked.add(job));
      return new Promise((resolve) => {
        ends.set(job, () => resolve(giveWay.aborted ? "gave-way" : "ended"));
      });
    },
  });
  return {
    scheduler,
    begun,
    /** Asked to give way, since the last time this was looked at. */
    asked() {
      const jobs = [...asked];
      asked.clear();
      return jobs;
    },
    add: (...jobs: string[]) => jobs.forEach((job) => scheduler.add(job)),
    async end(...jobs: string[]) {
      for (const job of jobs) {
        ends.get(job)?.();
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    },
  };
}

test("as many at once as there are slots, in order of arrival", async () => {
  const { scheduler, begun, add, end } = workshop(() => 2);
  add("a1", "b1", "c1", "d1");
  expect(begun).toEqual(["a1", "b1"]);
  expect(scheduler.counts()).toEqual({ running: 2, waiting: 2 });
  await end("b1");
  expect(begun).toEqual(["a1", "b1", "c1"]);
  await end("a1");
  expect(begun).toEqual(["a1", "b1", "c1", "d1"]);
});

test("one at a time per lane, and a busy lane holds up no other", async () => {
  const { begun, add, end } = workshop(() => 4);
  add("a1", "a2", "b1", "a3");
  expect(begun).toEqual(["a1", "b1"]);
  await end("a1");
  expect(begun).toEqual(["a1", "b1", "a2"]);
  await end("a2");
  expect(begun).toEqual(["a1", "b1", "a2", "a3"]);
});

test("a waiting job can be taken out, a running one cannot", async () => {
  const { scheduler, begun, add, end } = workshop(() => 1);
  add("a1", "b1", "B1", "C1", "c1");
  expect(scheduler.remove("b1")).toBe(true);
  expect(scheduler.remove("b1")).toBe(false);
  expect(scheduler.remove("B1")).toBe(true);
  expect(scheduler.remove("B1")).toBe(false);
  expect(scheduler.remove("a1")).toBe(false);
  await end("a1", "c1");
  expect(begun).toEqual(["a1", "c1", "C1"]);
  expect(scheduler.counts()).toEqual({ running: 1, waiting: 0 });
});

test("more slots take effect when it is woken, fewer as jobs end", async () => {
  let slots = 1;
  const { scheduler, begun, add, end } = workshop(() => slots);
  add("a1", "b1", "c1", "d1");
  slots = 3;
  scheduler.wake();
  expect(begun).toEqual(["a1", "b1", "c1"]);
  slots = 1;
  await end("a1", "b1");
  expect(begun).toEqual(["a1", "b1", "c1"]);
  await end("c1");
  expect(begun).toEqual(["a1", "b1", "c1", "d1"]);
});

test("held ones wait for their release, and what comes later in their lanes behind them; all else goes on", async () => {
  const { scheduler, begun, add, end } = workshop(() => 1);
  for (const job of ["A1", "a1", "b1"]) scheduler.addHeld(job);
  add("a2", "c1");
  expect(begun).toEqual(["c1"]);
  expect(scheduler.counts()).toEqual({ running: 1, waiting: 4 });
  expect(scheduler.remove("b1")).toBe(true);
  await end("c1");
  expect(begun).toEqual(["c1"]);
  scheduler.release();
  await end("a1");
  await end("a2");
  expect(begun).toEqual(["c1", "a1", "a2", "A1"]);
});

test("stopped, it starts nothing more and waits for what runs", async () => {
  const { scheduler, begun, add, end } = workshop(() => 1);
  add("a1", "b1", "A1");
  let over = false;
  const stopped = scheduler.stop().then(() => (over = true));
  add("c1");
  expect(over).toBe(false);
  await end("a1");
  await stopped;
  expect(begun).toEqual(["a1"]);
});

test("turns come before tasks that were there first, and tasks leave one slot to them", async () => {
  const { begun, add, end, asked } = workshop(() => 3);
  add("A1", "B1", "C1");
  expect(begun).toEqual(["A1", "B1"]);
  add("a1");
  expect(begun).toEqual(["A1", "B1", "a1"]);
  add("b1", "c1");
  await end("B1");
  expect(begun.slice(3)).toEqual(["b1"]);
  await end("a1");
  expect(begun.slice(3)).toEqual(["b1", "c1"]);
  await end("b1");
  expect(begun.slice(3)).toEqual(["b1", "c1", "C1"]);
  expect(asked()).toEqual([]);
});

test("one person's many tasks do not starve another's one", async () => {
  const { begun, add, end } = workshop(() => 3, 8);
  add("A1", "A2", "A3", "A4", "A5", "B1");
  expect(begun).toEqual(["A1", "A2"]);
  await end("A1");
  // B has none running; then each has one, and A was served longer ago.
  expect(begun.slice(2)).toEqual(["B1"]);
  add("B2", "B3");
  await end("B1");
  expect(begun.slice(2)).toEqual(["B1", "B2"]);
  await end("A2");
  expect(begun.slice(2)).toEqual(["B1", "B2", "A3"]);
  await end("B2");
  await end("A3");
  expect(begun.slice(2)).toEqual(["B1", "B2", "A3", "B3", "A4"]);
});

test("between equals, who was served least recently is next; of one person, what came first", async () => {
  const { begun, add, end } = workshop(() => 2);
  add("A1", "C1", "B1", "A2", "B2", "C2", "A3");
  for (const job of ["A1", "C1", "B1", "A2", "C2", "B2"]) await end(job);
  expect(begun).toEqual(["A1", "C1", "B1", "A2", "C2", "B2", "A3"]);
});

test("so many tasks of one person at once, and no more, however many slots are free", async () => {
  const { begun, add, end } = workshop(() => 8, 2);
  add("A1", "A2", "A3", "B1");
  expect(begun).toEqual(["A1", "A2", "B1"]);
  await end("B1");
  expect(begun).toHaveLength(3);
  await end("A2");
  expect(begun.at(-1)).toBe("A3");
});

test("attempts at one task never run at the same time", async () => {
  const { begun, add, end } = workshop(() => 8);
  add("A1", "A1");
  expect(begun).toEqual(["A1"]);
  await end("A1");
  expect(begun).toEqual(["A1", "A1"]);
});

test("with one slot a task gives way to a turn, and begins again before those that came after it", async () => {
  const { scheduler, begun, add, end, asked } = workshop(() => 1);
  add("A1", "A2");
  add("a1", "b1");
  expect(asked()).toEqual(["A1"]);
  // Its slot is not free before its request has really ended.
  expect(begun).toEqual(["A1"]);
  await end("A1");
  expect(begun).toEqual(["A1", "a1"]);
  expect(scheduler.counts()).toEqual({ running: 1, waiting: 3 });
  await end("a1", "b1");
  expect(begun).toEqual(["A1", "a1", "b1", "A1"]);
  await end("A1");
  expect(begun.at(-1)).toBe("A2");
});

test("a task that is done at that moment does not begin again", async () => {
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const scheduler = openScheduler<string>({
    slots: () => 1,
    tasksPerUser: 1,
    kind: (job) => (job === "task" ? "task" : "turn"),
    user: () => "u1",
    lane: (job) => job,
    run(job) {
      begun.push(job);
      return new Promise((resolve) => ends.push(() => resolve("ended")));
    },
  });
  scheduler.add("task");
  scheduler.add("turn");
  ends.shift()?.();
  ends.length = 0;
  await new Promise(setImmediate);
  expect(begun).toEqual(["task", "turn"]);
  expect(scheduler.counts()).toEqual({ running: 1, waiting: 0 });
});

test("a task gives way three times, then it keeps its slot", async () => {
  const { begun, add, end, asked } = workshop(() => 1);
  add("A1");
  for (let n = 1; n <= 3; n++) {
    add(`a${n}`);
    expect(asked()).toEqual(["A1"]);
    await end("A1", `a${n}`);
    expect(begun.at(-1)).toBe("A1");
  }
  add("a4");
  expect(asked()).toEqual([]);
  await end("A1");
  expect(begun.at(-1)).toBe("a4");
});

test("when slots go, tasks give back what belongs to turns, but only if a turn waits", async () => {
  let slots = 4;
  const { scheduler, begun, add, end, asked } = workshop(() => slots);
  add("A1", "B1", "C1");
  expect(begun).toHaveLength(3);
  slots = 2;
  scheduler.wake();
  expect(asked()).toEqual([]);
  add("a1");
  // Those begun last lose least.
  expect(asked()).toEqual(["B1", "C1"]);
  await end("C1", "B1");
  expect(begun.slice(3)).toEqual(["a1"]);
});
