import { rmSync } from "node:fs";
import { backoffMs, pause } from "../../backoff.ts";
import type { Logger } from "../../log.ts";
import { adoptOrSpawn, type RedisPlace, type RunningRedis, untilReady } from "./bring-up.ts";
import { endRedis } from "./end-redis.ts";
import { isFree } from "./free-port.ts";
import type { ServerAddress } from "./redis-conf.ts";
import { runFilePath } from "./run-file.ts";

/** Another program can take the port between the look and the start. */
const START_TRIES = 3;
/** A Redis that was up for this long did start: it is restarted at once. Only one that fails at starting must wait. */
const STABLE_MS = 1_000;
const RESTART_BACKOFF = { firstMs: 50, maxMs: 2_000, quickTries: 3 };

export interface SupervisedRedis {
  /** Fixed from the first start on, so that clients only have to reconnect. */
  readonly address: ServerAddress;
  /** Never rejects. */
  stop(): Promise<void>;
}

/** Starts Redis and keeps it up until it is stopped. @throws when it does not start, or the signal aborts first */
export async function superviseRedis(
  place: RedisPlace,
  log: Logger,
  signal: AbortSignal,
): Promise<SupervisedRedis> {
  const stopping = new AbortController();
  let current: RunningRedis | undefined;

  const { address } = await startFirst();
  const keeping = keepUp();
  return {
    address,
    async stop() {
      stopping.abort();
      await keeping;
      await end();
    },
  };

  async function startFirst(): Promise<RunningRedis> {
    for (let tries = 1; ; tries++) {
      try {
        return await bringUp(undefined, signal);
      } catch (error) {
        const tried = current?.address.port;
        await end();
        const portIsTaken = tried !== undefined && !(await isFree(tried));
        if (signal.aborted || !portIsTaken || tries === START_TRIES) throw error;
      }
    }
  }

  async function bringUp(address: ServerAddress | undefined, signal: AbortSignal): Promise<RunningRedis> {
    current = undefined;
    current = await adoptOrSpawn(place, address, signal);
    const { pid } = current.process;
    await untilReady(current, place, signal);
    log.info(current.adopted ? "接管了先前留下的 Redis" : "Redis 已启动", { pid });
    return current;
  }

  async function keepUp(): Promise<void> {
    const stopped = new Promise<undefined>((resolve) => {
      stopping.signal.addEventListener("abort", () => resolve(undefined));
    });
    let restarts = 0;
    while (!stopping.signal.aborted) {
      const upSince = performance.now();
      const how = await Promise.race([current?.process.gone, stopped]);
      if (stopping.signal.aborted) return;
      log.error(`Redis 意外停止（${how}），正在重新启动`, { pid: current?.process.pid });
      if (performance.now() - upSince > STABLE_MS) restarts = 0;
      do {
        if (restarts > 0) await pause(backoffMs(restarts - 1, RESTART_BACKOFF), stopping.signal);
        restarts++;
      } while (!stopping.signal.aborted && !(await restarted()));
    }
  }

  async function restarted(): Promise<boolean> {
    try {
      await bringUp(address, stopping.signal);
      return true;
    } catch (error) {
      if (stopping.signal.aborted) return false;
      log.error("Redis 没能重新启动，稍后再试", { error });
      // It may be one that runs but never got ready.
      await end();
      return false;
    }
  }

  async function end(): Promise<void> {
    // Without one of our own the run file stays: it may name a leftover that the next start has to find.
    if (!current) return;
    const { process, address } = current;
    const outcome = await endRedis(process, address, place.limits);
    if (outcome === "killed") log.warn("Redis 没有按时退出，已强行结束，最近约一秒的数据可能没有写入磁盘");
    if (outcome === "alive") log.error("Redis 无法结束，请检查磁盘", { pid: process.pid });
    else rmSync(runFilePath(place.dir), { force: true });
  }
}
