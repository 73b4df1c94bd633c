import { expect, test } from "bun:test";
import { openScheduler } from "./scheduler.ts";

/** Runs jobs named `<lane><number>` until each is told to end. */
function workshop(slots: () => number) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const scheduler = openScheduler<string>({
    slots,
    lane: (job) => job.charAt(0),
    run(job) {
      begun.push(job);
      return new Promise((resolve) => {
        ends.set(job, resolve);
      });
    },
  });
  return {
    scheduler,
    begun,
    async end(job: string) {
      ends.get(job)?.();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}

test("as many at once as there are slots, in order of arrival", async () => {
  const { scheduler, begun, end } = workshop(() => 2);
  for (const job of ["a1", "b1", "c1", "d1"]) scheduler.add(job);
  expect(begun).toEqual(["a1", "b1"]);
  expect(scheduler.counts()).toEqual({ running: 2, waiting: 2 });
  await end("b1");
  expect(begun).toEqual(["a1", "b1", "c1"]);
  await end("a1");
  expect(begun).toEqual(["a1", "b1", "c1", "d1"]);
});

test("one at a time per lane, and a busy lane holds up no other", async () => {
  const { scheduler, begun, end } = workshop(() => 4);
  for (const job of ["a1", "a2", "b1", "a3"]) scheduler.add(job);
  expect(begun).toEqual(["a1", "b1"]);
  await end("a1");
  expect(begun).toEqual(["a1", "b1", "a2"]);
  await end("a2");
  expect(begun).toEqual(["a1", "b1", "a2", "a3"]);
});

test("a waiting job can be taken out, a running one cannot", async () => {
  const { scheduler, begun, end } = workshop(() => 1);
  for (const job of ["a1", "b1", "c1"]) scheduler.add(job);
  expect(scheduler.remove((job) => job === "b1")).toBe(true);
  expect(scheduler.remove((job) => job === "b1")).toBe(false);
  expect(scheduler.remove((job) => job === "a1")).toBe(false);
  await end("a1");
  expect(begun).toEqual(["a1", "c1"]);
});

test("more slots take effect when it is woken, fewer as jobs end", async () => {
  let slots = 1;
  const { scheduler, begun, end } = workshop(() => slots);
  for (const job of ["a1", "b1", "c1", "d1"]) scheduler.add(job);
  slots = 3;
  scheduler.wake();
  expect(begun).toEqual(["a1", "b1", "c1"]);
  slots = 1;
  await end("a1");
  await end("b1");
  expect(begun).toEqual(["a1", "b1", "c1"]);
  await end("c1");
  expect(begun).toEqual(["a1", "b1", "c1", "d1"]);
});

test("stopped, it starts nothing more and waits for what runs", async () => {
  const { scheduler, begun, end } = workshop(() => 1);
  scheduler.add("a1");
  scheduler.add("b1");
  let over = false;
  const stopped = scheduler.stop().then(() => (over = true));
  scheduler.add("c1");
  expect(over).toBe(false);
  await end("a1");
  await stopped;
  expect(begun).toEqual(["a1"]);
});
