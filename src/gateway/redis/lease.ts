import type { Logger } from "../../log.ts";
import { pause } from "../../backoff.ts";
import type { RedisClient } from "./connect.ts";
import { script } from "./script.ts";

/** A gateway that died gives up its leases after this long. */
const LEASE_TTL_MS = 3_000;
/** Two renewals may fail before the lease is lost. */
const RENEWALS_PER_TTL = 3;

const renew = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`);
const release = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`);

/**
 * Does `work` while this gateway is the one that holds the lease, until the signal aborts; again when it returns or
 * throws. The signal given to `work` also aborts when the lease is lost. Two may hold it for a moment (a process that
 * was frozen): work must bear that.
 */
export async function whileLeased(
  options: {
    redis: RedisClient;
    key: string;
    owner: string;
    log: Logger;
    signal: AbortSignal;
    ttlMs?: number;
  },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { redis, key, owner, log, signal, ttlMs = LEASE_TTL_MS } = options;
  const renewEveryMs = ttlMs / RENEWALS_PER_TTL;
  while (!signal.aborted) {
    try {
      if (await isMine()) await workUntilLost();
    } catch (error) {
      if (!signal.aborted) log.warn("租约任务中断，稍后重试", { key, error });
    }
    await pause(renewEveryMs / 2, signal);
  }

  async function isMine(): Promise<boolean> {
    if ((await redis.set(key, owner, "PX", ttlMs, "NX")) !== null) return true;
    return (await renew(redis, [key], [owner, ttlMs])) === 1;
  }

  async function workUntilLost(): Promise<void> {
    const lost = new AbortController();
    const renewing = keepRenewing(lost);
    try {
      await work(AbortSignal.any([signal, lost.signal]));
    } finally {
      lost.abort();
      await renewing;
      await release(redis, [key], [owner]).catch(() => {
        // Redis is away; the lease runs out by itself.
      });
    }
  }

  async function keepRenewing(lost: AbortController): Promise<void> {
    // A timer, not a look at the clock after each try: a Redis that hangs would delay that look past the lease's end.
    let expiry = setTimeout(() => lost.abort(), ttlMs);
    while (true) {
      await pause(renewEveryMs, lost.signal);
      if (lost.signal.aborted) break;
      const askedAt = performance.now();
      const renewed = await renew(redis, [key], [owner, ttlMs]).catch(() => "no answer");
      if (renewed === 0) lost.abort();
      if (renewed !== 1) continue;
      clearTimeout(expiry);
      expiry = setTimeout(() => lost.abort(), askedAt + ttlMs - performance.now());
    }
    clearTimeout(expiry);
  }
}
