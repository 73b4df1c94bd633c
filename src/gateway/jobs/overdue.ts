import type { JobKind, Order } from "../../contract/job.ts";
import type { RedisClient } from "../redis/connect.ts";
import { agentKeys, JOB_TTL_SECONDS, JOIN_ORDER_TTL_SECONDS, ORDERS_TTL_SECONDS } from "../redis/keys.ts";
import { readStream, STREAM_START } from "../redis/stream.ts";
import { failJob } from "./end-here.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Orders or jobs looked at in one go; a step must not hold up Redis. */
const PAGE = 100;

/** How long work may wait, and be silent. */
export interface Patience {
  /** For its agent to come: then it is not begun any more, or counts as lost if the agent has it. */
  readonly queueMs: number;
  /** Without a word of a running task from an agent that is there. */
  readonly silenceMs: number;
}

/**
 * Ends as failed what has waited for its agent for too long, and forgets what else it never came for. Done before the
 * agent gets its orders, it is not begun then; done from time to time, its owner hears of it. Returns how many jobs there
 * were.
 */
export async function expireQueued(redis: RedisClient, agentId: string, queueMs: number): Promise<number> {
  const { orders } = agentKeys(agentId);
  // Not done any more for an agent that is no longer configured: then all of them go in the end.
  await redis.expire(orders, ORDERS_TTL_SECONDS);
  const waited = queueMs < HOUR_MS ? "很久" : ` ${Math.floor(queueMs / HOUR_MS)} 小时`;
  const message = `等了${waited}智能体都不在线，没有执行，请重新提交`;
  const upTo = String(Math.max(0, Date.now() - queueMs));
  let expired = 0;
  for (let after = STREAM_START; ;) {
    const page = await readStream(redis, orders, after, PAGE, upTo);
    for (const [id, fields] of page) {
      after = id;
      const order = JSON.parse(fields["order"] ?? "") as Order;
      const failure = { code: "expired", message } as const;
      if (order.t === "run" && (await failJob(redis, order.job.id, failure, ["queued"]))) expired++;
      else if (await isObsolete(redis, agentId, id, order)) await redis.xdel(orders, id);
    }
    if (page.length < PAGE) return expired;
  }
}

/** Of a job that the gateway has forgotten nothing is wanted any more; an agent away for so long has joined nobody. */
async function isObsolete(
  redis: RedisClient,
  agentId: string,
  orderId: string,
  order: Order,
): Promise<boolean> {
  if (order.t === "join") {
    return Number(orderId.split("-")[0]) < Date.now() - JOIN_ORDER_TTL_SECONDS * 1_000;
  }
  const jobId = order.t === "run" ? order.job.id : order.jobId;
  return (await redis.exists(agentKeys(agentId).job(jobId))) === 0;
}

/**
 * Ends as failed what an agent has and says nothing of any more: running tasks after `silenceMs` of its presence
 * (`onlineSinceMs`, undefined while it is away), everything after `queueMs` of its absence. Returns how many there were.
 */
export async function failSilent(
  redis: RedisClient,
  agentId: string,
  onlineSinceMs: number | undefined,
  { queueMs, silenceMs }: Patience,
): Promise<number> {
  const keys = agentKeys(agentId);
  const now = Date.now();
  if (onlineSinceMs !== undefined) {
    await redis.set(keys.lastSeen, now, "EX", JOB_TTL_SECONDS);
    if (now - onlineSinceMs < silenceMs) return 0;
    const minutes = Math.max(1, Math.round(silenceMs / MINUTE_MS));
    const message = `智能体 ${minutes} 分钟没有任何进展，已停止，请重试`;
    // Waiting for its turn, a task gives no sign of life, and need not; nor does a turn while it is being answered.
    return await failSilentSince(redis, agentId, now - silenceMs, { task: message }, ["running"]);
  }
  // Unknown means: only now is anybody looking.
  await redis.set(keys.lastSeen, now, "EX", JOB_TTL_SECONDS, "NX");
  const away = now - Number(await redis.get(keys.lastSeen));
  if (away < queueMs) return 0;
  const messages = { task: "智能体离线太久，任务没有完成，请重试", turn: "智能体离线太久，请重新发送" };
  return await failSilentSince(redis, agentId, now - queueMs, messages, ["delivered", "running"]);
}

/** @param messages for each kind of job that is to be ended */
async function failSilentSince(
  redis: RedisClient,
  agentId: string,
  sinceMs: number,
  messages: Readonly<Partial<Record<JobKind, string>>>,
  from: readonly ("delivered" | "running")[],
): Promise<number> {
  const { lifeSigns, job } = agentKeys(agentId);
  let failed = 0;
  for (let offset = 0; ;) {
    const page = await redis.zrangebyscore(lifeSigns, "-inf", sinceMs, "LIMIT", offset, PAGE);
    for (const jobId of page) {
      const kind = (await redis.hget(job(jobId), "kind")) as JobKind | null;
      if (kind === null) {
        // Forgotten by the gateway itself.
        await redis.zrem(lifeSigns, jobId);
        continue;
      }
      const message = messages[kind];
      const failure = message === undefined ? undefined : ({ code: "no-life", message } as const);
      const ended = failure !== undefined && (await failJob(redis, jobId, failure, from, sinceMs));
      // One that has ended is no longer there.
      if (ended) failed++;
      else offset++;
    }
    if (page.length < PAGE) return failed;
  }
}
