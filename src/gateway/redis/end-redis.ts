import { askToShutDown } from "./ask-server.ts";
import type { RedisLimits } from "./embedded-limits.ts";
import type { ServerAddress } from "./redis-conf.ts";
import type { RedisProcess } from "./redis-process.ts";

/**
 * Ends a redis-server: SHUTDOWN, then SIGTERM, then SIGKILL; the first two write everything to disk.
 * Says how it ended; `alive` only for a process that even SIGKILL does not end (a dead disk).
 */
export async function endRedis(
  redis: RedisProcess,
  address: ServerAddress,
  limits: RedisLimits,
): Promise<"orderly" | "killed" | "alive"> {
  if (await endsWithin(redis, 0)) return "orderly";
  const asked = await Promise.race([askToShutDown(address, limits.shutdownMs), redis.gone]);
  if (asked && (await endsWithin(redis, limits.exitMs))) return "orderly";
  redis.kill("SIGTERM");
  if (await endsWithin(redis, limits.exitMs)) return "orderly";
  redis.kill("SIGKILL");
  return (await endsWithin(redis, limits.exitMs)) ? "killed" : "alive";
}

async function endsWithin(redis: RedisProcess, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([redis.gone.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
