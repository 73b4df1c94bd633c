import type { Order } from "../../contract/job.ts";
import type { RedisClient } from "../redis/connect.ts";
import { agentKeys, JOB_TTL_SECONDS } from "../redis/keys.ts";
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
 * Ends as failed what has waited for its agent for too long. Done before the agent gets its orders, it is not begun
 * then; done from time to time, its owner hears of it. Returns how many there were.
 */
export async function expireQueued(redis: RedisClient, agentId: string, queueMs: number): Promise<number> {
  const { orders } = agentKeys(agentId);
  const waited = queueMs < HOUR_MS ? "很久" : ` ${Math.floor(queueMs / HOUR_MS)} 小时`;
  const message = `等了${waited}智能体都不在线，没有执行，请重新提交`;
  const upTo = String(Math.max(0, Date.now() - queueMs));
  let expired = 0;
  for (let after = STREAM_START; ;) {
    const page = await readStream(redis, orders, after, PAGE, upTo);
    for (const [id, fields] of page) {
      after = id;
      const order = JSON.parse(fields["order"] ?? "") as Order;
      if (order.t !== "run") continue;
      if (await failJob(redis, order.job.id, { code: "expired", message }, ["queued"])) expired++;
    }
    if (page.length < PAGE) return expired;
  }
}

/**
 * Ends as failed the tasks of which their agent says nothing any more: running ones after `silenceMs` of its presence
 * (`onlineSinceMs`, undefined while it is away), all that it has after `queueMs` of its absence. Returns how many there
 * were.
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
    // Waiting for its turn, a task gives no sign of life, and need not.
    return await failSilentSince(redis, agentId, now - silenceMs, message, ["running"]);
  }
  // Unknown means: only now is anybody looking.
  await redis.set(keys.lastSeen, now, "EX", JOB_TTL_SECONDS, "NX");
  const away = now - Number(await redis.get(keys.lastSeen));
  if (away < queueMs) return 0;
  return await failSilentSince(redis, agentId, now - queueMs, "智能体离线太久，任务没有完成，请重试", [
    "delivered",
    "running",
  ]);
}

async function failSilentSince(
  redis: RedisClient,
  agentId: string,
  sinceMs: number,
  message: string,
  from: readonly ("delivered" | "running")[],
): Promise<number> {
  const { lifeSigns } = agentKeys(agentId);
  let failed = 0;
  for (let offset = 0; ;) {
    const page = await redis.zrangebyscore(lifeSigns, "-inf", sinceMs, "LIMIT", offset, PAGE);
    for (const jobId of page) {
      const ended = await failJob(redis, jobId, { code: "no-life", message }, from, sinceMs);
      // One that has ended is no longer there.
      if (ended) failed++;
      else offset++;
    }
    if (page.length < PAGE) return failed;
  }
}
