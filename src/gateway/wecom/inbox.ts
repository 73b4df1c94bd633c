import { pause } from "../../backoff.ts";
import type { RedisClient } from "../redis/connect.ts";
import { SEEN_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { script } from "../redis/script.ts";
import type { WecomInbound } from "./inbound-message.ts";

/** Where callbacks wait, durable, until they are handled: entries of the stream `wecomKeys.inbox`, field `m`. */
export interface WecomInbox {
  /** Takes a message in once, however often WeCom sends it. @throws when Redis does not answer */
  accept(message: WecomInbound): Promise<"accepted" | "repeated">;
  /** Resolves when no rush of callbacks is on, or after a while: WeCom waits for those, nobody yet for their handling. */
  quiet(signal: AbortSignal): Promise<void>;
}

/** Most messages in one step; Redis does nothing else meanwhile. */
const MAX_TOGETHER = 128;
/** More than so many callbacks within this time are a rush: some 2,000 a second. */
const RUSH = 100;
const RUSH_WINDOW_MS = 50;
/** However long a rush lasts, handling goes on now and then. */
const LONGEST_WAIT_MS = 1_000;

// KEYS: the inbox, then for each message whether it was seen. ARGV: ttl, then the messages.
// A message is marked as seen only after it is in: a failed XADD must not make the next try look repeated.
const acceptOnce = script(`
local results, added = {}, 0
for i = 2, #KEYS do
  results[i - 1] = 0
  if redis.call('EXISTS', KEYS[i]) == 0 then
    redis.call('XADD', KEYS[1], '*', 'm', ARGV[i])
    redis.call('SET', KEYS[i], '1', 'EX', ARGV[1])
    results[i - 1] = 1
    added = added + 1
  end
end
if added > 0 then redis.call('PUBLISH', KEYS[1], '') end
return results`);

interface Waiting {
  message: WecomInbound;
  settle: PromiseWithResolvers<"accepted" | "repeated">;
}

/** One step at a time; what comes meanwhile goes together into the next, so that a burst costs few round trips. */
export function openInbox(redis: RedisClient, restarts: RestartWatch): WecomInbox {
  let waiting: Waiting[] = [];
  let taking = false;
  // Callbacks in this window and in the one before it.
  let inWindow = 0;
  let before = 0;
  let windowSince = 0;

  function count(): void {
    const now = performance.now();
    if (now - windowSince > RUSH_WINDOW_MS) [before, inWindow, windowSince] = [inWindow, 0, now];
    inWindow++;
  }

  function isRush(): boolean {
    const fresh = performance.now() - windowSince < 2 * RUSH_WINDOW_MS;
    return fresh && Math.max(before, inWindow) > RUSH;
  }

  async function takeAll(): Promise<void> {
    taking = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_TOGETHER);
      waiting = waiting.slice(MAX_TOGETHER);
      await take(batch);
    }
    taking = false;
  }

  async function take(batch: readonly Waiting[]): Promise<void> {
    const keys = [wecomKeys.inbox, ...batch.map(({ message }) => wecomKeys.seen(message.dedupeId))];
    const args = [SEEN_TTL_SECONDS, ...batch.map(({ message }) => JSON.stringify(message))];
    try {
      const results = (await restarts.surely(() => acceptOnce(redis, keys, args))) as number[];
      batch.forEach(({ settle }, i) => settle.resolve(results[i] === 1 ? "accepted" : "repeated"));
    } catch (error) {
      for (const { settle } of batch) settle.reject(error);
    }
  }

  return {
    async accept(message) {
      const settle = Promise.withResolvers<"accepted" | "repeated">();
      waiting.push({ message, settle });
      count();
      // Never rejects: each message has its own answer.
      if (!taking) takeAll().catch(settle.reject);
      return await settle.promise;
    },
    async quiet(signal) {
      const giveUpAt = performance.now() + LONGEST_WAIT_MS;
      while (isRush() && performance.now() < giveUpAt && !signal.aborted) await pause(RUSH_WINDOW_MS, signal);
    },
  };
}
