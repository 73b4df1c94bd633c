import { expect, test } from "bun:test";
import { backoffMs, pause } from "./backoff.ts";

test("doubles after the quick tries up to the most, jittered down to half", () => {
  const policy = { firstMs: 100, maxMs: 1_000, quickTries: 2 };
  for (const [attempt, full] of [
    [0, 100],
    [2, 100],
    [3, 200],
    [5, 800],
    [6, 1_000],
    [5_000, 1_000],
  ] as const) {
    const waits = Array.from({ length: 200 }, () => backoffMs(attempt, policy));
    expect(Math.max(...waits)).toBeLessThanOrEqual(full);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(full / 2);
    // Not in step.
    expect(new Set(waits).size).toBeGreaterThan(100);
  }
});

test("a pause ends with its signal and never rejects", async () => {
  const over = new AbortController();
  const waiting = pause(60_000, over.signal);
  over.abort(new Error("over"));
  await waiting;
  await pause(60_000, over.signal);
});
