import type { RedisClient } from "../redis/connect.ts";
import { SEEN_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import type { WecomInbound } from "./inbound-message.ts";

/** Where callbacks wait, durable, until they are handled: entries of the stream `wecomKeys.inbox`, field `m`. */
export interface WecomInbox {
  /** Takes a message in once, however often WeCom sends it. @throws when Redis does not answer */
  accept(message: WecomInbound): Promise<"accepted" | "repeated">;
}

/** The message is marked as seen only after it is in: a failed XADD must not make the next try look repeated. */
const acceptOnce = script(`
local seen, inbox = KEYS[1], KEYS[2]
if redis.call('EXISTS', seen) == 1 then return 0 end
redis.call('XADD', inbox, '*', 'm', ARGV[1])
redis.call('SET', seen, '1', 'EX', ARGV[2])
redis.call('PUBLISH', inbox, '')
return 1`);

export function openInbox(redis: RedisClient): WecomInbox {
  return {
    async accept(message) {
      const keys = [wecomKeys.seen(message.dedupeId), wecomKeys.inbox];
      const added = await acceptOnce(redis, keys, [JSON.stringify(message), SEEN_TTL_SECONDS]);
      return added === 1 ? "accepted" : "repeated";
    },
  };
}
