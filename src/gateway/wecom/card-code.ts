import type { RedisClient } from "../redis/connect.ts";
import { CARD_CODE_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";

// KEYS: the card. ARGV: code, ttl (s), '1' when only the first one counts.
const note = script(`
if redis.call('HGET', KEYS[1], 'spent') == ARGV[1] then return 0 end
if ARGV[3] == '1' and redis.call('HLEN', KEYS[1]) > 0 then return 0 end
redis.call('HSET', KEYS[1], 'code', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`);

/** Keeps what message/send answered for a card; a press of its button may have been quicker, and is newer. */
export async function noteSentCode(redis: RedisClient, card: string, code: string): Promise<void> {
  await note(redis, [wecomKeys.card(card)], [code, CARD_CODE_TTL_SECONDS, "1"]);
}

/**
 * Keeps the code that a press of a card's button brought: the newest is the one to update the card with. One that has
 * been used already (the press is handled again) stays used.
 */
export async function notePressCode(
  redis: RedisClient,
  card: string,
  code: string,
  pressedAtMs: number,
): Promise<void> {
  const left = Math.floor((pressedAtMs - Date.now()) / 1_000) + CARD_CODE_TTL_SECONDS;
  if (left > 0) await note(redis, [wecomKeys.card(card)], [code, Math.min(left, CARD_CODE_TTL_SECONDS), "0"]);
}

/**
 * Lua, for the script that claims a message: `takeCode(card key)` takes the card's code out, which can be used once.
 * It is gone with its 72 hours, so that one that is found can still be used.
 */
export const TAKE_CODE_LUA = `
local function takeCode(key)
  local code = redis.call('HGET', key, 'code')
  if code then
    redis.call('HDEL', key, 'code')
    redis.call('HSET', key, 'spent', code)
  end
  return code
end`;
