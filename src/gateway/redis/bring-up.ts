import { randomBytes } from "node:crypto";
import { pause } from "../../backoff.ts";
import { askServer } from "./ask-server.ts";
import { EmbeddedRedisError, type RedisLimits } from "./embedded-limits.ts";
import { freePort } from "./free-port.ts";
import { findLeftover } from "./leftover.ts";
import type { ServerAddress } from "./redis-conf.ts";
import { logPath, redisLogTail, type RedisProcess, spawnRedis } from "./redis-process.ts";
import { readRunFile, writeRunFile } from "./run-file.ts";

/** Redis is up within some 10 ms; waiting longer between two looks would be most of the gateway's start. */
const POLL_MS = 5;
/** A connection to a port where nobody listens yet can hang on Windows. */
const POLL_ANSWER_MS = 250;
const PASSWORD_BYTES = 24;

/** Our own redis-server: which program, in which folder. */
export interface RedisPlace {
  readonly program: string;
  readonly dir: string;
  readonly limits: RedisLimits;
}

/** A redis-server that runs, perhaps not ready yet. */
export interface RunningRedis {
  readonly process: RedisProcess;
  readonly address: ServerAddress;
  readonly adopted: boolean;
}

/**
 * Takes over a redis-server that is there already, or starts one at the address (without one: a new address). Before
 * it is started the run file says where it will be, so that whoever comes after a kill -9 of this process finds it.
 */
export async function adoptOrSpawn(
  { program, dir, limits }: RedisPlace,
  address: ServerAddress | undefined,
  signal: AbortSignal,
): Promise<RunningRedis> {
  const record = readRunFile(dir);
  const leftover = record && (await findLeftover(dir, record, limits, signal));
  signal.throwIfAborted();
  if (leftover) return { process: leftover, address: noteRun(dir, record, leftover.pid), adopted: true };

  const fresh = noteRun(dir, address ?? (await newAddress()));
  const started = await spawnRedis(program, dir, fresh);
  return { process: started, address: noteRun(dir, fresh, started.pid), adopted: false };
}

function noteRun(dir: string, { port, password }: ServerAddress, pid?: number): ServerAddress {
  writeRunFile(dir, { port, password, gatewayPid: process.pid, ...(pid !== undefined && { pid }) });
  return { port, password };
}

async function newAddress(): Promise<ServerAddress> {
  return { port: await freePort(), password: randomBytes(PASSWORD_BYTES).toString("hex") };
}

/** Resolves when Redis takes commands. @throws EmbeddedRedisError, or the signal's reason */
export async function untilReady(
  { process: redis, address }: RunningRedis,
  { dir, limits }: RedisPlace,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const timeout = AbortSignal.timeout(limits.readyMs);
  const outcome = await Promise.race([
    redis.gone.then((how) => `Redis 启动后随即结束（${how}）`),
    pollUntilReady(address, AbortSignal.any([signal, timeout, over.signal])),
  ]);
  over.abort();
  if (outcome === "ready") return;
  signal.throwIfAborted();
  const what = outcome ?? `Redis 启动后 ${limits.readyMs / 1000} 秒仍未就绪`;
  throw new EmbeddedRedisError(
    `${what}。请看日志 ${logPath(dir)}，最后几行是：\n${redisLogTail(dir, address)}`,
  );
}

async function pollUntilReady(address: ServerAddress, signal: AbortSignal): Promise<"ready" | undefined> {
  while (!signal.aborted) {
    if ((await askServer(address, POLL_ANSWER_MS))?.ready) return "ready";
    await pause(POLL_MS, signal);
  }
  return undefined;
}
