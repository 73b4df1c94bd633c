import type { Order } from "../../contract/job.ts";
import { isFinal } from "../jobs/job-record.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { RedisClient } from "../redis/connect.ts";
import { agentKeys, JOB_TTL_SECONDS, userKeys } from "../redis/keys.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { script } from "../redis/script.ts";
import type { Devices } from "./devices.ts";

export interface JoinParts {
  redis: RedisClient;
  restarts: RestartWatch;
  jobs: JobStore;
  devices: Devices;
  moveTasks: (from: string, to: string) => Promise<void>;
  agentIds: readonly string[];
}

/** Says that `from` is the same person as `to`; false when `from` has already joined another. */
export async function noteSamePerson(
  { redis, restarts }: JoinParts,
  from: string,
  to: string,
): Promise<boolean> {
  const key = userKeys(from).alias;
  const known = await redis.get(key);
  if (known !== null && known !== to) return false;
  // First: as soon as `from` is `to`, they may enter another code, and whoever is bound must not join a second one.
  await restarts.surely(() => redis.hset(userKeys(to).record, "bound", "1"));
  await restarts.surely(() => redis.set(key, to, "NX"));
  return (await redis.get(key)) === to;
}

/**
 * Makes all that the gateway has of `from` belong to `to`, who stands for both already. Every step may be done again:
 * after a crash, and for what a request that was under way has still left with `from`.
 */
export async function moveBelongings(parts: JoinParts, from: string, to: string): Promise<void> {
  await joinRecords(parts, from, to);
  await parts.devices.move(from, to);
  await moveOpenJobs(parts, from, to);
  await parts.moveTasks(from, to);
}

/** What the WeCom member has chosen stays; what only the other one has is taken over. */
async function joinRecords({ redis, restarts }: JoinParts, from: string, to: string): Promise<void> {
  const { name, avatar, agent } = await redis.hgetall(userKeys(from).record);
  const record = userKeys(to).record;
  await restarts.surely(async () => {
    if (name !== undefined) await redis.hsetnx(record, "name", name);
    if (avatar !== undefined) await redis.hsetnx(record, "avatar", avatar);
    if (agent !== undefined) await redis.hsetnx(record, "agent", agent);
  });
}

async function moveOpenJobs({ redis, jobs }: JoinParts, from: string, to: string): Promise<void> {
  const [source, target] = [userKeys(from).openJobs, userKeys(to).openJobs];
  const rows = await redis.zrangebyscore(source, "-inf", "+inf", "WITHSCORES");
  for (let i = 0; i + 1 < rows.length; i += 2) {
    const [jobId = "", at = "0"] = rows.slice(i, i + 2);
    const job = await jobs.find(jobId);
    if (job && !isFinal(job.status)) {
      await redis.zadd(target, "NX", at, jobId);
      await redis.expire(target, JOB_TTL_SECONDS);
    }
    await redis.zrem(source, jobId);
  }
}

// KEYS: orders. ARGV: order.
const sendOrder = script(`
redis.call('XADD', KEYS[1], '*', 'order', ARGV[1])
redis.call('PUBLISH', KEYS[1], '')
return 1`);

/** Tells all agents, also those who are away; to be told twice is harmless to them. */
export async function tellAgents(parts: JoinParts, from: string, to: string): Promise<void> {
  const { redis, restarts, agentIds } = parts;
  const order: Order = { t: "join", from, to };
  for (const agentId of agentIds) {
    await restarts.surely(() => sendOrder(redis, [agentKeys(agentId).orders], [JSON.stringify(order)]));
  }
}
