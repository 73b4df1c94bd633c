import type { JobKind } from "../../contract/job.ts";
import type { LinkedAgent } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import type { TerminalEvent } from "../../contract/reply-event.ts";
import { END_HERE_LUA, endHere } from "../jobs/end-here.ts";
import type { RedisClient } from "../redis/connect.ts";
import { agentKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";

const SUPERSEDED = -1;

const LOST: Readonly<Record<JobKind, string>> = {
  task: "智能体丢失了数据，任务没有完成，请重试",
  turn: "智能体丢失了数据，请重新发送",
};

// KEYS: as END_HERE_LUA, epoch, instance. ARGV: as END_HERE_LUA, epoch, new status. Nothing once it is taken over: what is
// here then is the new one's. A job whose order is still here is not lost, for whoever asks for orders gets it; nor is
// there a cancel order, for the agent has nothing to stop.
const endLost = script(`${END_HERE_LUA}
if redis.call('GET', KEYS[6]) ~= ARGV[5] then return ${SUPERSEDED} end
local instance = redis.call('HMGET', KEYS[7], 'linked', 'served')
if instance[1] == instance[2] then return 0 end
local job = redis.call('HMGET', KEYS[1], 'status', 'order')
if job[1] ~= 'delivered' and job[1] ~= 'running' then return 0 end
if #redis.call('XRANGE', KEYS[2], job[2], job[2]) > 0 then return 0 end
end_here(ARGV[6])
return 1`);

// KEYS: epoch, instance. ARGV: epoch, instance.
const setServed = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return ${SUPERSEDED} end
redis.call('HSET', KEYS[2], 'served', ARGV[2])
return 1`);

/**
 * Ends what an agent had, should it have come back without its data: as another instance than the one that took those
 * jobs. To be done before it gets orders. Every step may be repeated, by another gateway, too; the last one notes that all
 * are done, and only then the agent's `accept` counts, so that no job of the new instance is among those that end here.
 * Whoever only greets (`doctor`) takes nothing over.
 *
 * @returns how many jobs were lost
 * @throws refusal `superseded`: a newer link is open
 */
export async function takeOver(redis: RedisClient, agent: LinkedAgent): Promise<number> {
  const keys = agentKeys(agent.id);
  const { linked, served } = await redis.hgetall(keys.instance);
  if (linked === undefined || linked === served) return 0;
  let lost = 0;
  // Before the first instance there is none that could have lost anything.
  const jobIds = served === undefined ? [] : await redis.zrange(keys.lifeSigns, 0, "-1");
  for (const jobId of jobIds) if (await end(redis, agent, jobId)) lost++;
  throwIfSuperseded(await setServed(redis, [keys.epoch, keys.instance], [agent.epoch, linked]));
  return lost;
}

async function end(redis: RedisClient, agent: LinkedAgent, jobId: string): Promise<boolean> {
  const { job, epoch, instance } = agentKeys(agent.id);
  const [kind, cancel] = await redis.hmget(job(jobId), "kind", "cancel");
  const message = LOST[kind === "task" ? "task" : "turn"];
  const event: TerminalEvent = cancel ? { t: "cancelled" } : { t: "failed", code: "no-life", message };
  const { keys, args } = endHere(jobId, event);
  const ended = await endLost(redis, [...keys, epoch, instance], [...args, agent.epoch, event.t]);
  throwIfSuperseded(ended);
  return ended === 1;
}

function throwIfSuperseded(answer: unknown): void {
  if (answer === SUPERSEDED) throw refusal("superseded", "同一编号的智能体已建立新的连接");
}
