import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../log.ts";
import { EmbeddedRedisError, REDIS_LIMITS, type RedisLimits } from "./embedded-limits.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { findRedisProgram } from "./redis-program.ts";
import { readRunFile } from "./run-file.ts";
import { superviseRedis } from "./supervise.ts";

export interface EmbeddedRedis {
  /** `redis://:password@127.0.0.1:port`; stays the same while Redis is restarted. Secret. */
  readonly url: string;
  /** Ends Redis with everything written to disk. Call it last, when no client is left; never rejects. */
  stop(): Promise<void>;
}

/**
 * Runs a redis-server of our own with its data in `<dataDir>/redis`, and restarts it whenever it dies.
 *
 * @param options.serverPath absolute path of the redis-server; "" for the one inside the executable, or see
 * `findRedisProgram`
 * @throws ConfigError without a redis-server; UnpackError; EmbeddedRedisError when another gateway uses the folder or
 * Redis does not start; the signal's reason when it aborts before Redis is up (later it means nothing: call `stop`)
 */
export async function startEmbeddedRedis(options: {
  serverPath: string;
  dataDir: string;
  log: Logger;
  signal?: AbortSignal;
  limits?: Partial<RedisLimits>;
}): Promise<EmbeddedRedis> {
  const { dataDir, log, signal = new AbortController().signal } = options;
  const program = findRedisProgram(options.serverPath, dataDir);
  const dir = join(dataDir, "redis");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = lockFolder(dir) ?? refuseSecond(dataDir, dir);
  try {
    const place = { program, dir, limits: { ...REDIS_LIMITS, ...options.limits } };
    const { address, stop } = await superviseRedis(place, log, signal);
    const url = `redis://:${address.password}@127.0.0.1:${address.port}`;
    let stopped: Promise<void> | undefined;
    return { url, stop: () => (stopped ??= stop().finally(() => lock.release())) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function refuseSecond(dataDir: string, dir: string): FolderLock {
  const holder = readRunFile(dir)?.gatewayPid;
  const who = holder === undefined ? "另一个网关" : `另一个网关（进程号 ${holder}）`;
  throw new EmbeddedRedisError(
    `数据目录 ${dataDir} 正由${who}使用。请先停止它，或用 data_dir 为这个网关另设数据目录`,
  );
}
