import { ExplainedError } from "../../explained-error.ts";

/** How long the gateway waits for its own redis-server. Tests shorten them. */
export interface RedisLimits {
  /** From the start to the first command, loading the data included: some gigabytes on a slow disk. */
  readonly readyMs: number;
  /** For one answer of a server that may be a leftover. */
  readonly answerMs: number;
  /** How long a leftover may stay silent before it is killed: it may still be starting. */
  readonly silentMs: number;
  /** For SHUTDOWN: the last second of writes has to reach the disk. */
  readonly shutdownMs: number;
  /** For the process to end after SHUTDOWN, SIGTERM or SIGKILL. */
  readonly exitMs: number;
}

export const REDIS_LIMITS: RedisLimits = {
  readyMs: 60_000,
  answerMs: 1_000,
  silentMs: 5_000,
  shutdownMs: 10_000,
  exitMs: 2_000,
};

/** The gateway's own Redis cannot be used; the message tells the administrator why, and what to do. */
export class EmbeddedRedisError extends ExplainedError {
  override name = "EmbeddedRedisError";
}
