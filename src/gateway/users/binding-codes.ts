import { randomInt } from "node:crypto";
import type { RedisClient } from "../redis/connect.ts";
import { bindingKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";

const CODES = 1_000_000;
const DIGITS = 6;
const CODE_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;
const MAX_CODES_AN_HOUR = 5;
/** Wrong codes of one user before they have to wait. */
const MAX_WRONG = 5;
/**
 * Wrong codes of everybody: whoever guesses with many accounts meets this one. With ten codes valid at a time, so many
 * guesses find one of them once in a thousand times.
 */
const MAX_WRONG_OF_ALL = 100;
const LOCKED_MS = 15 * 60_000;

/** `wrong` is also a code that is used up or too old. */
export type Redeemed = { owner: string } | "wrong" | "locked";

/** Six digits that say, for a few minutes and once, "whoever enters this is me". */
export interface BindingCodes {
  /** A user's new code; their last one is worth nothing from then on. */
  make(userId: string): Promise<{ code: string; validMs: number } | "too-many">;
  /**
   * Uses a code up and says whose it is; for the user who did so, and for its owner, it says so again.
   * @param mayBeNew false for a user to whom any code but their own is a wrong one
   */
  redeem(userId: string, code: string, mayBeNew: boolean): Promise<Redeemed>;
}

const DONE = 1;
const TOO_MANY = 2;
const TAKEN = 3;

// KEYS: newest, given, the last code, the new one. ARGV: user, last code or '', new code, now (ms), ttl (ms), most an hour.
const make = script(`
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return ${TAKEN} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4] - ${HOUR_MS})
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6]) then return ${TOO_MANY} end
if redis.call('EXISTS', KEYS[4]) == 1 then return ${TAKEN} end
if ARGV[2] ~= '' then redis.call('DEL', KEYS[3]) end
redis.call('HSET', KEYS[4], 'owner', ARGV[1])
redis.call('PEXPIRE', KEYS[4], ARGV[5])
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ${HOUR_MS})
return ${DONE}`);

// KEYS: code, wrong ones of the user, of all. ARGV: user, '1' if it may be another's code, most wrong, most of all, lock (ms).
// Nothing is told while they are locked out, not even of a right one.
const redeem = script(`
local function isFull(key, most) return tonumber(redis.call('GET', key) or '0') >= tonumber(most) end
if isFull(KEYS[2], ARGV[3]) or isFull(KEYS[3], ARGV[4]) then return {'locked'} end
local code = redis.call('HMGET', KEYS[1], 'owner', 'user')
local owner, user = code[1], code[2]
if owner and (owner == ARGV[1] or user == ARGV[1] or (not user and ARGV[2] == '1')) then
  if owner ~= ARGV[1] then redis.call('HSET', KEYS[1], 'user', ARGV[1]) end
  redis.call('DEL', KEYS[2])
  return {'owner', owner}
end
redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
if redis.call('INCR', KEYS[3]) == 1 then redis.call('PEXPIRE', KEYS[3], ARGV[5]) end
return {'wrong'}`);

export function openBindingCodes(
  redis: RedisClient,
  limits: { codeMs?: number; lockedMs?: number } = {},
): BindingCodes {
  const { codeMs = CODE_MS, lockedMs = LOCKED_MS } = limits;
  const keys = bindingKeys;
  return {
    async make(userId) {
      for (;;) {
        const code = String(randomInt(CODES)).padStart(DIGITS, "0");
        const last = (await redis.get(keys.newest(userId))) ?? "";
        const outcome = await make(
          redis,
          [keys.newest(userId), keys.given(userId), keys.code(last), keys.code(code)],
          [userId, last, code, Date.now(), codeMs, MAX_CODES_AN_HOUR],
        );
        if (outcome === DONE) return { code, validMs: codeMs };
        if (outcome === TOO_MANY) return "too-many";
      }
    },
    async redeem(userId, code, mayBeNew) {
      const [outcome, owner = ""] = (await redeem(
        redis,
        [keys.code(code), keys.wrong(userId), keys.wrongOfAll],
        [userId, mayBeNew ? "1" : "0", MAX_WRONG, MAX_WRONG_OF_ALL, lockedMs],
      )) as [string, string?];
      if (outcome === "owner") return { owner };
      return outcome === "locked" ? "locked" : "wrong";
    },
  };
}
