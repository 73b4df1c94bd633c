import * as v from "valibot";
import type { RedisClient } from "../redis/connect.ts";
import { wecomKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";

const Problem = v.object({
  /** WeCom's errcode. */
  code: v.number(),
  /** What an administrator has to do, in Chinese. */
  message: v.string(),
  /** The address that is missing in WeCom's list of trusted ones. */
  ip: v.optional(v.string()),
  /** Since when (ms). */
  at: v.number(),
});
/** Why no message gets out until an administrator acts. */
export type Problem = v.InferOutput<typeof Problem>;

const recordIfNew = script(`
local old = redis.call('GET', KEYS[1])
if old then
  local known, new = cjson.decode(old), cjson.decode(ARGV[1])
  if known.code == new.code and known.ip == new.ip then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1])
return 1`);

/** Keeps the problem until the next message that gets out; false when this one is known already. */
export async function recordProblem(redis: RedisClient, problem: Problem): Promise<boolean> {
  return (await recordIfNew(redis, [wecomKeys.problem], [JSON.stringify(problem)])) === 1;
}

/** What keeps messages from getting out; undefined when nothing does. */
export async function readProblem(redis: RedisClient): Promise<Problem | undefined> {
  const stored = await redis.get(wecomKeys.problem);
  return stored === null ? undefined : v.parse(Problem, JSON.parse(stored));
}
