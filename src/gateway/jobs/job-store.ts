import { setImmediate as nextTurn } from "node:timers/promises";
import type { Job, JobStatus, Order } from "../../contract/job.ts";
import { agentOf } from "../../contract/identifiers.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys, JOB_TTL_SECONDS } from "../redis/keys.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { script } from "../redis/script.ts";
import { earlyOrder } from "./early-order.ts";
import { END_HERE_LUA, endHere } from "./end-here.ts";
import { CHANGE_LUA, fromHash, type JobRecord, previewOf, toHash } from "./job-record.ts";

/** Where a job came from. `origin` is the channel's own note of how to answer. */
export interface JobSource {
  channel: string;
  origin: string;
}

export interface JobStore {
  /** Puts a job into its agent's queue, once: the same id again changes nothing. Resolves when it is in Redis. */
  enqueue(job: Job, source: JobSource): Promise<void>;
  find(jobId: string): Promise<JobRecord | undefined>;
  /**
   * Asks for a job's end and says where it stands: `cancelled` when it never reached the agent, `cancelling` when the
   * agent has been told, its status when it had already ended, undefined when there is no such job.
   */
  cancel(jobId: string): Promise<JobStatus | "cancelling" | undefined>;
}

// KEYS: job, orders, changes. ARGV: job id, ttl, order, then the job's fields.
const enqueue = script(`${CHANGE_LUA}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local before = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local order = redis.call('XADD', KEYS[2], '*', 'order', ARGV[3])
local fields = {}
for i = 4, #ARGV do fields[#fields + 1] = ARGV[i] end
redis.call('HSET', KEYS[1], 'status', 'queued', 'next', 0, 'order', order, unpack(fields))
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[2], (before and before[1] or '0-0') .. ' ' .. order .. ' ' .. ARGV[3])
change(KEYS[1], KEYS[3], ARGV[1], 'queued')
return 1`);

// KEYS and ARGV: as END_HERE_LUA.
// A job still in the queue ends here and now; the order goes to the agent all the same, for it may just be reading it.
const cancel = script(`${END_HERE_LUA}
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return false end
if status == 'done' or status == 'failed' or status == 'cancelled' then return status end
if status == 'queued' then
  end_here('cancelled')
elseif redis.call('HSETNX', KEYS[1], 'cancel', 1) == 0 then
  return 'cancelling'
end
order(ARGV[3])
return status == 'queued' and 'cancelled' or 'cancelling'`);

export function openJobStore(parts: {
  redis: RedisClient;
  hub: Pick<Hub, "tellHere">;
  restarts: RestartWatch;
}): JobStore {
  const { redis, hub, restarts } = parts;

  async function read(jobId: string): Promise<JobRecord | undefined> {
    const agentId = agentOf(jobId);
    return fromHash(jobId, agentId, await redis.hgetall(agentKeys(agentId).job(jobId)));
  }

  return {
    async enqueue(job, source) {
      const agentId = agentOf(job.conversationId);
      const keys = agentKeys(agentId);
      const order: Order = { t: "run", job };
      const record: JobRecord = {
        ...source,
        id: job.id,
        kind: job.kind,
        userId: job.userId,
        agentId,
        conversationId: job.conversationId,
        status: "queued",
        preview: previewOf(job.text),
        createdAt: job.createdAt,
      };
      const json = JSON.stringify(order);
      const args = [job.id, JOB_TTL_SECONDS, json, ...toHash(record)];
      // Of a turn, for somebody waits in front of it. A task can be cancelled before Redis has it.
      if (job.kind === "turn") {
        hub.tellHere(keys.orders, earlyOrder(json));
        // It leaves first; the command that tells Redis takes longer to put together.
        await nextTurn();
      }
      await restarts.surely(() => enqueue(redis, [keys.job(job.id), keys.orders, keys.changes], args));
    },

    async find(jobId) {
      const job = await read(jobId);
      if (job) return job;
      // It may be one of those that a restarted Redis is just being given again.
      await restarts.settled();
      return await read(jobId);
    },

    async cancel(jobId) {
      const { keys, args } = endHere(jobId, { t: "cancelled" });
      const status = await restarts.surely(() => cancel(redis, keys, args));
      return status === null ? undefined : (status as JobStatus | "cancelling");
    },
  };
}
