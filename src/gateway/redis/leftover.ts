import { readlinkSync, statSync } from "node:fs";
import { pause } from "../../backoff.ts";
import { askServer } from "./ask-server.ts";
import { killIfThere, type RedisProcess, watchRedis } from "./redis-process.ts";
import type { RunRecord } from "./run-file.ts";

const POLL_MS = 50;

export interface LeftoverLimits {
  /** How long a redis-server has to answer one question. */
  readonly answerMs: number;
  /** How long one that works in our folder may stay silent before it is killed. */
  readonly silentMs: number;
}

/**
 * The redis-server that a killed gateway left behind on this folder; undefined when there is none (any more).
 *
 * It is taken over rather than stopped: it has its data in memory, so that the gateway is back at once, and two
 * must never write the same files.
 */
export async function findLeftover(
  dir: string,
  record: RunRecord,
  limits: LeftoverLimits,
  signal: AbortSignal,
): Promise<RedisProcess | undefined> {
  const giveUpAt = performance.now() + limits.silentMs;
  while (!signal.aborted) {
    const answer = await askServer(record, limits.answerMs);
    if (answer) return isSameFolder(answer.dir, dir) ? watchRedis(answer.pid, record.port) : undefined;
    // Silent: it is gone, or still starting, or frozen.
    if (record.pid === undefined || !worksIn(record.pid, dir)) return undefined;
    if (performance.now() > giveUpAt) killIfThere(record.pid, "SIGKILL");
    await pause(POLL_MS, signal);
  }
  return undefined;
}

/** A copy of a data folder brings its run file along; the server named there belongs to the original. */
function isSameFolder(a: string, b: string): boolean {
  try {
    const [one, other] = [statSync(a), statSync(b)];
    return one.dev === other.dev && one.ino === other.ino;
  } catch {
    return false;
  }
}

/** Whether a process lives and has this folder as its own; tells a redis-server of ours from a reused pid. */
function worksIn(pid: number, dir: string): boolean {
  try {
    // Only Linux says so. Elsewhere a server that does not answer is left alone; on Windows it ends with the gateway.
    return isSameFolder(readlinkSync(`/proc/${pid}/cwd`), dir);
  } catch {
    return false;
  }
}
