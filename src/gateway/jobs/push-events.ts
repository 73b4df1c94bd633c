import { setImmediate as nextTurn } from "node:timers/promises";
import { agentOf } from "../../contract/identifiers.ts";
import type { JobStatus } from "../../contract/job.ts";
import type { LinkedAgent, Push, PushResult } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import { isTerminal, type ReplyEvent } from "../../contract/reply-event.ts";
import type { Progress } from "../../contract/task.ts";
import type { RedisClient } from "../redis/connect.ts";
import { CHANGE_LUA } from "./job-record.ts";
import { liveMessage } from "./job-events.ts";
import { agentKeys, JOB_TTL_SECONDS } from "../redis/keys.ts";
import { script } from "../redis/script.ts";

const SUPERSEDED = -1;
const UNKNOWN_JOB = -2;
const CLOSED = 1;
const AHEAD = 2;

/**
 * A task's progress is told on at most this often: less than the second that lies between an agent's reports at least
 * (a change of phase; otherwise every 4 s). Were one of those left out, the next would come after twice the time.
 */
const PROGRESS_EVERY_MS = 900;

// KEYS: epoch, job, events, changes, life signs. ARGV: epoch, from, count, batch, new status or '', job id, ttl, writer,
// its first, now (ms), progress (JSON) or '', how often progress is told (ms), whether the batch begins the job.
// Adds the batch only if it begins right after the last event; returns how many events there are now, and whether the
// job has ended (1) or another process has written past this one's first number (2). The epoch fences off an older link.
// Every push of a task is a sign of life; of a turn, whose pushes are many, only a new status is. When a task began is
// told, too, if the same push has its end.
const push = script(`${CHANGE_LUA}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {${SUPERSEDED}, 0} end
local job = redis.call('HMGET', KEYS[2], 'status', 'next', 'writer', 'kind')
local status, next = job[1], tonumber(job[2])
if not status then return {${UNKNOWN_JOB}, 0} end
if status == 'done' or status == 'failed' or status == 'cancelled' then return {next, 1} end
if (job[3] or '') ~= ARGV[8] and next > tonumber(ARGV[9]) then return {next, 2} end
if tonumber(ARGV[2]) ~= next then return {next, 0} end
local last = next + tonumber(ARGV[3])
redis.call('XADD', KEYS[3], last .. '-0', 'events', ARGV[4])
redis.call('PUBLISH', KEYS[3], next .. ' ' .. last .. '\\n' .. ARGV[4])
local changed = ARGV[5] ~= '' and ARGV[5] ~= status
if changed then
  if job[4] == 'task' and ARGV[13] == '1' and ARGV[5] ~= 'running' then
    change(KEYS[2], KEYS[4], ARGV[6], 'running')
  end
  status = ARGV[5]
  redis.call('HSET', KEYS[2], 'next', last, 'writer', ARGV[8], 'status', status)
  redis.call('EXPIRE', KEYS[2], ARGV[7])
  change(KEYS[2], KEYS[4], ARGV[6], status)
else
  redis.call('HSET', KEYS[2], 'next', last, 'writer', ARGV[8])
end
if next == 0 or changed then redis.call('EXPIRE', KEYS[3], ARGV[7]) end
local ended = status == 'done' or status == 'failed' or status == 'cancelled'
local isTask = job[4] == 'task'
if ended then
  redis.call('ZREM', KEYS[5], ARGV[6])
elseif isTask or changed then
  redis.call('ZADD', KEYS[5], ARGV[10], ARGV[6])
  redis.call('EXPIRE', KEYS[5], ARGV[7])
end
if isTask and not ended and ARGV[11] ~= ''
  and ARGV[10] - (redis.call('HGET', KEYS[2], 'progressed') or 0) >= tonumber(ARGV[12]) then
  redis.call('HSET', KEYS[2], 'progressed', ARGV[10])
  change(KEYS[2], KEYS[4], ARGV[6], status, 'progress', ARGV[11], 'number', last)
end
return {last, ended and 1 or 0}`);

/**
 * Adds events of a job, each once and in order, whatever is repeated or missing.
 *
 * @param early is given the live message at once, while Redis is being told; without it readers hear from Redis alone
 * @throws refusal `superseded`: a newer link of this agent is open; `not-found`: no such job of this agent
 */
export async function pushEvents(
  redis: RedisClient,
  agent: LinkedAgent,
  { jobId, writer = { id: "", first: 0 }, from, events }: Push,
  early?: (channel: string, message: string) => void,
): Promise<PushResult> {
  if (agentOf(jobId) !== agent.id) throw refusal("not-found", "没有这个任务");
  const keys = agentKeys(agent.id);
  const add = async (start: number, batch: readonly ReplyEvent[]) => {
    const json = JSON.stringify(batch);
    const args = [
      agent.epoch,
      start,
      batch.length,
      json,
      statusAfter(batch),
      jobId,
      JOB_TTL_SECONDS,
      writer.id,
      writer.first,
      Date.now(),
      lastProgress(batch),
      PROGRESS_EVERY_MS,
      begins(batch) ? 1 : 0,
    ];
    const touched = [keys.epoch, keys.job(jobId), keys.events(jobId), keys.changes, keys.lifeSigns];
    if (early) {
      early(keys.events(jobId), liveMessage({ before: start, count: batch.length, json }));
      // It leaves first; the command that tells Redis takes longer to put together.
      await nextTurn();
    }
    const [next, state] = (await push(redis, touched, args)) as [number, number];
    if (next === SUPERSEDED) throw refusal("superseded", "同一编号的智能体已建立新的连接");
    if (next === UNKNOWN_JOB) throw refusal("not-found", "没有这个任务");
    return { next, closed: state === CLOSED, ...(state === AHEAD ? { ahead: true as const } : {}) };
  };

  const ending = events.findIndex(isTerminal);
  const wanted = ending === -1 ? events : events.slice(0, ending + 1);
  const result = await add(from, wanted);
  // A repeated push that overlaps what is there: only its end is new.
  const overlaps =
    !result.closed && !result.ahead && result.next > from && result.next < from + wanted.length;
  return overlaps ? await add(result.next, wanted.slice(result.next - from)) : result;
}

function statusAfter(events: readonly ReplyEvent[]): JobStatus | "" {
  const last = events.at(-1);
  if (last && isTerminal(last)) return last.t;
  return begins(events) ? "running" : "";
}

function begins(events: readonly ReplyEvent[]): boolean {
  return events.some((event) => event.t === "started");
}

/** As JSON; empty without any. */
function lastProgress(events: readonly ReplyEvent[]): string {
  const last = events.findLast((event) => event.t === "progress");
  if (last?.t !== "progress") return "";
  const { note, percent } = last;
  return JSON.stringify({ note, ...(percent === undefined ? {} : { percent }) } satisfies Progress);
}
