import type { Logger } from "../../log.ts";
import type { RedisClient } from "./connect.ts";

/**
 * With `appendfsync everysec`, Redis answers before a write is in its file whenever a sync is under way: a redis-server
 * that is killed can lose what it acknowledged in its last moments. Whoever accepted something from outside keeps the
 * (idempotent) write that long, and does it again when Redis turns out to be a new process.
 */
const KEEP_MS = 5_000;

export interface RestartWatch {
  /** Does a write now, and again if Redis restarts within a few seconds. */
  surely<T>(write: () => Promise<T>): Promise<T>;
  /** How often Redis has come back as a new process. After an answer of Redis it is true of all that was asked before. */
  count(): number;
  /** Resolves when Redis, should it have just come back, has been given again what it may lack. */
  settled(): Promise<void>;
  /** Called after Redis has come back as a new process, once the kept writes are done again. */
  onRestart(listener: () => void): void;
}

export function watchRestarts(redis: RedisClient, log: Logger): RestartWatch {
  type Write = () => Promise<unknown>;
  // Two generations instead of one list by age: dropping the old ones costs nothing, however many there are.
  let older = new Set<Write>();
  let newer = new Set<Write>();
  let turnedAt = performance.now();
  const listeners: (() => void)[] = [];
  let runId: string | undefined;
  let count = 0;
  let looking = Promise.resolve();

  // Runs before the commands that waited for the connection, so that nobody sees the gap for good.
  redis.on("ready", () => {
    looking = look().catch((error: unknown) => log.warn("无法确认 Redis 是否重启过", { error }));
  });

  async function look(): Promise<void> {
    const found = /run_id:(\w+)/.exec(await redis.info("server"))?.[1];
    const restarted = runId !== undefined && found !== runId;
    runId = found;
    if (!restarted) return;
    count++;
    const writes = [...older, ...newer];
    log.warn("Redis 已重新启动，补写最后几秒的数据", { writes: writes.length });
    await Promise.allSettled(writes.map((write) => write()));
    for (const listener of listeners) listener();
  }

  /** Not while Redis is away: what it may have lost must outlive its absence. */
  function turn(): void {
    const now = performance.now();
    if (now - turnedAt < KEEP_MS || redis.status !== "ready") return;
    [older, newer, turnedAt] = [newer, new Set<Write>(), now];
  }

  return {
    async surely(write) {
      turn();
      newer.add(write);
      try {
        return await write();
      } catch (error) {
        // Whoever asked for it knows that it did not happen.
        newer.delete(write);
        older.delete(write);
        throw error;
      }
    },
    count: () => count,
    settled: () => looking,
    onRestart: (listener) => listeners.push(listener),
  };
}
