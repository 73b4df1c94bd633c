import type { Logger } from "../../log.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { RedisClient } from "../redis/connect.ts";
import { taskKeys } from "../redis/keys.ts";
import { derivedId } from "../users/derived-id.ts";
import type { Feed } from "../users/feed.ts";
import { personOf } from "../users/person-of.ts";
import type { StoredTask } from "./task-record.ts";
import type { TaskStore } from "./task-store.ts";

/** A gateway that lives has queued a recorded attempt by then. */
const FORGOTTEN_AFTER_MS = 10_000;
/** Attempts looked at in one go. */
const PAGE = 100;

/** The job of a task's attempt number `number`, from 1. */
export function attemptJobId(taskId: string, agentId: string, number: number): string {
  return `${agentId}.${derivedId("attempt", taskId, String(number))}`;
}

/**
 * Records attempts and queues them as jobs. The two are different steps (a user's keys and an agent's): what a gateway
 * leaves undone between them is found by its note.
 */
export interface Attempts {
  /** Notes that the user's task is about to be recorded with a new attempt; done by `record`, and not queued yet. */
  recorded<T>(userId: string, taskId: string, record: () => Promise<T>): Promise<T>;
  /** Queues the task's newest attempt, if it is still to be, once. */
  queue(task: StoredTask): Promise<void>;
  /** Queues what has been recorded a while ago and, as far as is known, not queued. */
  queueForgotten(): Promise<void>;
}

export function openAttempts(parts: {
  redis: RedisClient;
  jobs: JobStore;
  feed: Feed;
  store: TaskStore;
  log: Logger;
  forgottenAfterMs?: number;
}): Attempts {
  const { redis, jobs, feed, store, log, forgottenAfterMs = FORGOTTEN_AFTER_MS } = parts;

  async function queue(task: StoredTask): Promise<void> {
    const { userId, id, jobId, status, prompt, channel, origin, attemptedAt } = task;
    if (status === "queued") {
      const job = { id: jobId, kind: "task", userId, conversationId: id, text: prompt } as const;
      // At the same time: a note that comes late, when the job has ended, is not taken.
      await Promise.all([
        jobs.enqueue({ ...job, createdAt: attemptedAt }, { channel, origin }),
        feed.noteOpen(userId, jobId),
      ]);
    }
    await redis.zrem(taskKeys.unqueued, note(userId, id));
  }

  return {
    queue,
    async recorded(userId, taskId, record) {
      // In this order on one connection; awaiting the first would cost a round trip.
      const [, result] = await Promise.all([
        redis.zadd(taskKeys.unqueued, Date.now(), note(userId, taskId)),
        record(),
      ]);
      return result;
    },
    async queueForgotten() {
      const until = Date.now() - forgottenAfterMs;
      const notes = await redis.zrangebyscore(taskKeys.unqueued, "-inf", until, "LIMIT", 0, PAGE);
      for (const one of notes) {
        const [userId = "", taskId = ""] = one.split(" ");
        const task =
          (await store.read(userId, taskId)) ?? (await store.read(await personOf(redis, userId), taskId));
        if (task?.status === "queued") log.warn("补交一个已登记但没有排队的任务", { taskId });
        if (task) await queue(task);
        await redis.zrem(taskKeys.unqueued, one);
      }
    },
  };
}

/** Neither has a space in it. */
function note(userId: string, taskId: string): string {
  return `${userId} ${taskId}`;
}
