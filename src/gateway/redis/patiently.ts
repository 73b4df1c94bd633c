import { backoffMs, pause } from "../../backoff.ts";

const RETRY = { firstMs: 50, maxMs: 1_000 };

/**
 * Asks Redis, and again while it does not answer: a reader that follows a stream outlives an outage. What Redis itself
 * refuses, and the signal's end, is thrown.
 */
export async function patiently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      // ioredis: a ReplyError is Redis' own answer; all else is a connection that is down or too slow.
      if (error instanceof Error && error.name === "ReplyError") throw error;
      await pause(backoffMs(attempt, RETRY), signal);
    }
  }
}
