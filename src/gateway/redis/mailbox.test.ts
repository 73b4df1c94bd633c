import { expect, test } from "bun:test";
import { openMailbox } from "./mailbox.ts";

const over = () => new AbortController();

test("gives everything that is there, in order, and waits for the first", async () => {
  const box = openMailbox<number>({ signal: over().signal, limit: 10, overflow: -1 });
  box.put(1);
  box.put(2);
  expect(await box.take()).toEqual([1, 2]);
  const next = box.take();
  box.put(3);
  expect(await next).toEqual([3]);
});

test("a box that overflows says so once, and holds no more than its limit", async () => {
  const box = openMailbox<number>({ signal: over().signal, limit: 3, overflow: -1 });
  for (let i = 1; i <= 4; i++) box.put(i);
  expect(await box.take()).toEqual([-1]);
  for (let i = 1; i <= 1_000; i++) box.put(i);
  const taken = (await box.take()) ?? [];
  expect(taken[0]).toBe(-1);
  expect(taken.length).toBeLessThanOrEqual(3);
});

test("ends with its signal, whether somebody waits or not, and drops what is left", async () => {
  const stop = over();
  const box = openMailbox<number>({ signal: stop.signal, limit: 3, overflow: -1 });
  const waiting = box.take();
  stop.abort();
  expect(await waiting).toBeUndefined();
  box.put(1);
  expect(await box.take()).toBeUndefined();
});
