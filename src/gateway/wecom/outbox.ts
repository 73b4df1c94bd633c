import type { RedisClient } from "../redis/connect.ts";
import { JOB_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import type { MessageType } from "./api.ts";

/** What goes out: a message, or the new look of a card that is out already. */
export interface OutboxContent {
  type: MessageType | "card_update";
  /** At most PIECE_MAX_BYTES of UTF-8, see split.ts; of a card its JSON. */
  content: string;
  /** Of cards: which one it is, its task_id. */
  card?: string;
}

export interface OutboxMessage extends OutboxContent {
  /** The same id is never sent twice (within JOB_TTL_SECONDS). */
  id: string;
  /** The userid of the member it is for. */
  member: string;
  /** For cards: what goes out instead when WeCom does not take it, the first that it takes. Without any: nothing. */
  otherwise?: readonly OutboxContent[];
  /** Leave it out when the message with this id was added before. */
  unlessSent?: string;
  /** Leave it out when the message with this id was not added before. */
  onlyAfter?: string;
  /** It continues the one before it in `addAll`: leave it out when that is. At most one of these three. */
  continues?: boolean;
}

/** Messages to members, durable from here on: each member's go out in the order in which they were added. */
export interface Outbox {
  /** False: it was added before, or is to be left out. */
  add(message: OutboxMessage): Promise<boolean>;
  /** Adds all of them in one step, such as the pieces of one answer; returns how many were not there before. */
  addAll(messages: readonly OutboxMessage[]): Promise<number>;
}

// Three keys a message (its own id, the other id, the member's list), and as many arguments.
const add = script(`
local added, skip = 0, false
for i = 0, (#KEYS - 1) / 3 - 1 do
  local sent, other, outbox = KEYS[i * 3 + 2], KEYS[i * 3 + 3], KEYS[i * 3 + 4]
  local item, member, condition = ARGV[i * 3 + 3], ARGV[i * 3 + 4], ARGV[i * 3 + 5]
  local otherMustBe = tonumber(condition)
  skip = redis.call('EXISTS', sent) == 1 or (condition == 'continues' and skip)
  if otherMustBe and redis.call('EXISTS', other) ~= otherMustBe then skip = true end
  if not skip then
    redis.call('SET', sent, '1', 'EX', ARGV[2])
    redis.call('RPUSH', outbox, item)
    -- A member that waits (pacing, an error) goes on waiting.
    redis.call('ZADD', KEYS[1], 'NX', ARGV[1], member)
    added = added + 1
  end
end
if added > 0 then redis.call('PUBLISH', KEYS[1], '1') end
return added`);

export function openOutbox(redis: RedisClient): Outbox {
  const addAll = async (messages: readonly OutboxMessage[]): Promise<number> => {
    if (messages.length === 0) return 0;
    const keys: string[] = [wecomKeys.due];
    const args: (string | number)[] = [Date.now(), JOB_TTL_SECONDS];
    for (const { unlessSent, onlyAfter, continues, otherwise = [], ...message } of messages) {
      const { id, member } = message;
      keys.push(wecomKeys.sent(id), wecomKeys.sent(unlessSent ?? onlyAfter ?? id), wecomKeys.outbox(member));
      // Lua reads an empty list and writes an empty object.
      const substitutes = otherwise.length === 0 ? {} : { otherwise: otherwise.map(wellFormed) };
      const item = JSON.stringify({ ...wellFormed(message), ...substitutes });
      const otherMustBe = unlessSent !== undefined ? "0" : onlyAfter !== undefined ? "1" : "";
      args.push(item, member, continues ? "continues" : otherMustBe);
    }
    return Number(await add(redis, keys, args));
  };
  return { addAll, add: async (message) => (await addAll([message])) === 1 };
}

/** A lone surrogate could be neither read by the scripts nor sent. */
function wellFormed<T extends OutboxContent>(message: T): T {
  return { ...message, content: message.content.toWellFormed() };
}
