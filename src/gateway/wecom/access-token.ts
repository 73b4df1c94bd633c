import { createHash, randomUUID } from "node:crypto";
import type { RedisClient } from "../redis/connect.ts";
import { wecomKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import { noAnswer } from "./api-error.ts";

/** A token this close to its end is not used any more: a request may be on its way for a while. */
const EXPIRY_MARGIN_SECONDS = 300;
/** Longer than a request may take, so that two gateways never fetch at once. */
const LEASE_TTL_MS = 12_000;
/** How often a gateway looks for the token that another one is fetching. */
const LOOK_EVERY_MS = 50;
/** Longer than the lease: a gateway that died while fetching is outlived. */
const WAIT_AT_MOST_MS = 15_000;

/** The app's access_token, shared by all gateways through Redis: one of them fetches it. */
export interface AccessToken {
  /** Throws a WecomApiError when WeCom gives none. */
  get(signal: AbortSignal): Promise<string>;
  /** Forgets this token (WeCom does not take it any more), unless it was replaced meanwhile. */
  drop(token: string): Promise<void>;
}

export interface FetchedToken {
  token: string;
  expiresInSeconds: number;
}

const deleteIfEqual = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

export function openAccessToken(options: {
  redis: RedisClient;
  /** What the token belongs to: after a change of configuration the old app's token must not be used. */
  credentials: readonly string[];
  fetchToken: () => Promise<FetchedToken>;
}): AccessToken {
  const { redis, credentials, fetchToken } = options;
  const fingerprint = createHash("sha256").update(credentials.join("\n")).digest("hex").slice(0, 16);
  const stored = (token: string) => `${fingerprint}:${token}`;
  let flight: Promise<string> | undefined;

  async function cached(): Promise<string | undefined> {
    const value = await redis.get(wecomKeys.token);
    return value?.startsWith(stored("")) ? value.slice(stored("").length) : undefined;
  }

  async function refresh(): Promise<string> {
    const owner = randomUUID();
    const deadline = performance.now() + WAIT_AT_MOST_MS;
    while (performance.now() < deadline) {
      const token = await cached();
      if (token !== undefined) return token;
      if ((await redis.set(wecomKeys.tokenLease, owner, "PX", LEASE_TTL_MS, "NX")) !== null)
        return await fetchAndStore(owner);
      await Bun.sleep(LOOK_EVERY_MS);
    }
    throw noAnswer("等待另一个网关取得 access_token 超时");
  }

  async function fetchAndStore(owner: string): Promise<string> {
    try {
      // It may have been stored between the look and the lease.
      const token = await cached();
      if (token !== undefined) return token;
      const fetched = await fetchToken();
      await redis.set(wecomKeys.token, stored(fetched.token), "EX", ttlSeconds(fetched.expiresInSeconds));
      return fetched.token;
    } finally {
      await deleteIfEqual(redis, [wecomKeys.tokenLease], [owner]).catch(() => {
        // Redis is away; the lease runs out by itself.
      });
    }
  }

  return {
    async get(signal) {
      const token = await cached();
      if (token !== undefined) return token;
      // Not tied to the caller's signal: others wait for the same flight.
      flight ??= refresh().finally(() => (flight = undefined));
      return await unlessAborted(flight, signal);
    },
    async drop(token) {
      await deleteIfEqual(redis, [wecomKeys.token], [stored(token)]);
    },
  };
}

/** Near its end WeCom gives the same token again, with little time left: then half of it is used. */
function ttlSeconds(expiresInSeconds: number): number {
  const usable =
    expiresInSeconds > 2 * EXPIRY_MARGIN_SECONDS
      ? expiresInSeconds - EXPIRY_MARGIN_SECONDS
      : expiresInSeconds / 2;
  return Math.max(1, Math.floor(usable));
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(noAnswer("已中止"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.finally(() => signal.removeEventListener("abort", abort)).then(resolve, reject);
  });
}
