import type { Order } from "../../contract/job.ts";
import { agentOf } from "../../contract/identifiers.ts";
import type { FailureCode, TerminalEvent } from "../../contract/reply-event.ts";
import type { RedisClient } from "../redis/connect.ts";
import { agentKeys, JOB_TTL_SECONDS } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import { CHANGE_LUA } from "./job-record.ts";

/**
 * Lua, for the scripts that end a job at the gateway: `end_here(status)` writes its terminal event and takes its order
 * back; `order(…)` gives its agent one. KEYS: job, orders, changes, events, life signs. ARGV: job id, ttl, cancel order,
 * terminal event as a batch.
 */
export const END_HERE_LUA = `${CHANGE_LUA}
local function order(json)
  redis.call('XADD', KEYS[2], '*', 'order', json)
  redis.call('PUBLISH', KEYS[2], '')
end
local function end_here(status)
  local job = redis.call('HMGET', KEYS[1], 'order', 'next')
  local last = tonumber(job[2]) + 1
  redis.call('XDEL', KEYS[2], job[1])
  redis.call('XADD', KEYS[4], last .. '-0', 'events', ARGV[4])
  redis.call('EXPIRE', KEYS[4], ARGV[2])
  redis.call('HSET', KEYS[1], 'status', status, 'next', last)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('ZREM', KEYS[5], ARGV[1])
  redis.call('PUBLISH', KEYS[4], (last - 1) .. ' ' .. last .. '\\n' .. ARGV[4])
  change(KEYS[1], KEYS[3], ARGV[1], status)
end`;

/** What `END_HERE_LUA` asks for; its status is then `event.t`. */
export function endHere(jobId: string, event: TerminalEvent): { keys: string[]; args: (string | number)[] } {
  const keys = agentKeys(agentOf(jobId));
  const order: Order = { t: "cancel", jobId };
  return {
    keys: [keys.job(jobId), keys.orders, keys.changes, keys.events(jobId), keys.lifeSigns],
    args: [jobId, JOB_TTL_SECONDS, JSON.stringify(order), JSON.stringify([event])],
  };
}

// KEYS: those above, link. ARGV: those above, the statuses in which it may be ended, by commas, and since when there has
// been no sign of life (ms) or ''. An agent that has it, or may just be reading it, is told to stop.
const fail = script(`${END_HERE_LUA}
local status = redis.call('HGET', KEYS[1], 'status')
if not status then
  redis.call('ZREM', KEYS[5], ARGV[1])
  return 0
end
if ARGV[6] ~= '' and tonumber(redis.call('ZSCORE', KEYS[5], ARGV[1]) or 0) > tonumber(ARGV[6]) then return 0 end
if not string.find(ARGV[5], ',' .. status .. ',', 1, true) then return 0 end
end_here('failed')
if status ~= 'queued' or redis.call('EXISTS', KEYS[6]) == 1 then order(ARGV[3]) end
return 1`);

/**
 * Ends a job as failed if it still is in one of these statuses, and silent since then, in one step; what its agent says of
 * it later is not taken. Says whether it did.
 */
export async function failJob(
  redis: RedisClient,
  jobId: string,
  failure: { code: FailureCode; message: string },
  from: readonly ("queued" | "delivered" | "running")[],
  silentSinceMs: number | "" = "",
): Promise<boolean> {
  const { keys, args } = endHere(jobId, { t: "failed", ...failure });
  const { link } = agentKeys(agentOf(jobId));
  return (await fail(redis, [...keys, link], [...args, `,${from.join(",")},`, silentSinceMs])) === 1;
}
