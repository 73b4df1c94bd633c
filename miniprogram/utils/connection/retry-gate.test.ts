import { expect, jest, test } from "bun:test";
import { openRetryGate, type RetryGate } from "./retry-gate";

const PAUSE_MS = 15_000;

/** Whether the next try has begun. */
function knock(gate: RetryGate): () => boolean {
  let hasPassed = false;
  gate.wait().then(
    () => {
      hasPassed = true;
    },
    () => {
      hasPassed = false;
    },
  );
  return () => hasPassed;
}

/** Lets a time pass, and everything that follows from it. */
async function pass(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms);
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

test("tries come at once, then with growing pauses, and small ones again after a success", async () => {
  jest.useFakeTimers();
  try {
    const gate = openRetryGate();
    const first = knock(gate);
    await pass(0);
    expect(first()).toBe(true);
    for (const fullMs of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      const next = knock(gate);
      await pass(fullMs / 2 - 1);
      expect(next()).toBe(false);
      await pass(fullMs / 2 + 1);
      expect(next()).toBe(true);
    }
    gate.succeeded();
    const afterSuccess = knock(gate);
    await pass(500);
    expect(afterSuccess()).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});

test("a pause is cut short, or left out, when there is reason to try", async () => {
  const gate = openRetryGate();
  await gate.wait();
  const cut = knock(gate);
  gate.openNow();
  await Promise.resolve();
  await Promise.resolve();
  expect(cut()).toBe(true);
  gate.openNow();
  await gate.wait();
});

test("nobody passes while it is held", async () => {
  jest.useFakeTimers();
  try {
    const gate = openRetryGate();
    gate.hold();
    const held = knock(gate);
    await pass(PAUSE_MS);
    expect(held()).toBe(false);
    gate.openNow();
    await pass(0);
    expect(held()).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});
