import type { JobStatus } from "../../contract/job.ts";
import type { Tracked } from "../../contract/tracked.ts";
import type { FeedPort } from "../../contract/user-api.ts";
import type { FeedEvent } from "../../contract/feed.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { FEED_MAX_ENTRIES, FEED_TTL_SECONDS, JOB_TTL_SECONDS, userKeys } from "../redis/keys.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { script } from "../redis/script.ts";
import { type Entry, followStream } from "../redis/stream.ts";
import type { Task } from "../../contract/task.ts";
import { isFinal, type JobRecord, rankOf, summaryOf } from "../jobs/job-record.ts";
import type { PresenceWatch } from "../link/presence-watch.ts";

export interface Feed extends FeedPort {
  /** Tells all of a user's devices of a job's change, once, however often it is called. */
  tell(job: JobRecord, status: JobStatus): Promise<void>;
  /**
   * The same of a task, whose newest attempt is then `task.jobId`; `rank` is the change's (`rankOf`).
   */
  tellTask(userId: string, task: Task, rank: number): Promise<void>;
  /** Tells all of a user's devices of what is not about a job. Announced twice, it is told twice, which must do no harm. */
  announce(userId: string, event: Announcement): Promise<void>;
  /** Ids of a user's jobs that have not ended, newest first. */
  openJobs(userId: string): Promise<string[]>;
  /** Notes a job before it is queued; its last change takes it off again. */
  noteOpen(userId: string, jobId: string): Promise<void>;
}

export type Announcement = Extract<FeedEvent, { t: "conversation" | "conversation-deleted" | "user" }>;

// KEYS: told, feed, open jobs. ARGV: job id, rank, event, ttl, most entries, '1' if ended.
// A change that was told before, or overtaken by a later one, is skipped.
const tell = script(`
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[4])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'event', ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[4])
if ARGV[6] == '1' then redis.call('ZREM', KEYS[3], ARGV[1]) end
redis.call('PUBLISH', KEYS[2], '')
return 1`);

// KEYS: feed. ARGV: event, ttl, most entries.
const announce = script(`
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'event', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[1], '')
return 1`);

// KEYS: told, open jobs. ARGV: job id, now (ms), ttl, rank of an ended job. A repeat after the end opens nothing.
const noteOpen = script(`
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[2], 'NX', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2] - ARGV[3] * 1000)
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1`);

/** @param presences without them, it tells of no agents */
export function openFeed(
  redis: RedisClient,
  hub: Hub,
  restarts: RestartWatch,
  presences?: PresenceWatch,
): Feed {
  async function tellOnce(userId: string, jobId: string, status: JobStatus, rank: number, event: FeedEvent) {
    const keys = userKeys(userId);
    await tell(
      redis,
      [keys.told(jobId), keys.feed, keys.openJobs],
      [jobId, rank, JSON.stringify(event), FEED_TTL_SECONDS, FEED_MAX_ENTRIES, isFinal(status) ? "1" : "0"],
    );
  }

  return {
    tell: (job, status) =>
      tellOnce(job.userId, job.id, status, rankOf(status), { t: "job", job: summaryOf({ ...job, status }) }),
    tellTask: (userId, task, rank) => tellOnce(userId, task.jobId, task.status, rank, { t: "task", task }),

    async announce(userId, event) {
      const args = [JSON.stringify(event), FEED_TTL_SECONDS, FEED_MAX_ENTRIES];
      await restarts.surely(() => announce(redis, [userKeys(userId).feed], args));
    },

    async openJobs(userId) {
      return await redis.zrevrange(userKeys(userId).openJobs, 0, -1);
    },

    async noteOpen(userId, jobId) {
      const keys = userKeys(userId);
      const args = [jobId, Date.now(), JOB_TTL_SECONDS, rankOf("done")];
      await restarts.surely(() => noteOpen(redis, [keys.told(jobId), keys.openJobs], args));
    },

    events: (userId, lastEventId, signal) =>
      followStream<Tracked<FeedEvent>>({
        redis,
        hub,
        key: userKeys(userId).feed,
        after: lastEventId,
        signal,
        begin: ready,
        map: parse,
        ...(presences ? { aside: besideFeed(presences) } : {}),
      }),
  };
}

/** Agents' presence between the entries of a feed, with the id of the last one: there the reader would resume. */
function besideFeed(presences: PresenceWatch) {
  let seen = presences.version();
  return {
    listen: presences.listen,
    take(id: string): Tracked<FeedEvent>[] {
      const changed = presences.changedAfter(seen);
      seen = presences.version();
      return changed.map((agent) => [id, { t: "agent", agent }]);
    },
  };
}

function ready(id: string): Tracked<FeedEvent> {
  return [id, { t: "ready" }];
}

function parse([id, fields]: Entry): Tracked<FeedEvent> {
  return [id, JSON.parse(fields["event"] ?? "") as FeedEvent];
}
