import { excerpt } from "../../excerpt.ts";
import type { JobStatus } from "../../contract/job.ts";
import type { Failure } from "../../contract/reply-event.ts";
import { readOutcome } from "../jobs/job-events.ts";
import { isFinal, type JobRecord, rankOf } from "../jobs/job-record.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Feed } from "../users/feed.ts";
import { personOf } from "../users/person-of.ts";
import { asOf, publicTask, type TaskRecord } from "./task-record.ts";
import type { TaskStore } from "./task-store.ts";

/** Length of the beginning of a result that lists and cards show, in characters. */
const PREVIEW_CHARS = 200;

/**
 * What became of a task: `task` as it stands for the attempt that changed, `before` its status until then; undefined for
 * a new attempt (`queued`), the same as `task.status` for mere progress or when another change is told again.
 */
export interface TaskChange {
  task: TaskRecord;
  before: JobStatus | undefined;
}

/** Brings a task to where its job is, unless it is there already; undefined when the task is gone. */
export async function applyChange(
  { redis, store }: { redis: RedisClient; store: TaskStore },
  job: JobRecord,
  status: JobStatus,
  atMs: number,
): Promise<TaskChange | undefined> {
  const { userId, conversationId } = job;
  const fields = await fieldsOf(redis, job, status, atMs);
  const update = { jobId: job.id, rank: rankOf(status, job.progress), status, fields };
  // Its user may have joined another since. While it is being moved there, what changes here is moved, too.
  const updated =
    (await store.update(userId, conversationId, update)) ??
    (await store.update(await personOf(redis, userId), conversationId, update));
  const task = updated && asOf(updated.task, job.id);
  if (!task) return undefined;
  return { task, before: status === "queued" ? undefined : (updated.before ?? task.status) };
}

/** Tells the feed, also when the change is told again; of a task that is further on, its next change tells. */
export async function tellChange(feed: Feed, { task }: TaskChange, job: JobRecord): Promise<void> {
  if (task.status !== job.status) return;
  await feed.tellTask(task.userId, publicTask(task), rankOf(job.status, job.progress));
}

async function fieldsOf(
  redis: RedisClient,
  job: JobRecord,
  status: JobStatus,
  atMs: number,
): Promise<Record<string, string | number>> {
  if (job.progress) return { progress: JSON.stringify(job.progress.at) };
  if (status === "running") return { started: atMs };
  if (!isFinal(status)) return {};
  const outcome = await readOutcome(redis, job.id);
  // The first and the last word may have come together.
  const began = status === "done" ? { started: atMs } : {};
  if (!outcome) return { ...began, finished: atMs };
  const { event, text } = outcome;
  const preview = excerpt(event.t === "done" ? event.text : text, PREVIEW_CHARS);
  const failure = event.t === "failed" ? failureOf(event) : undefined;
  return {
    ...began,
    finished: atMs,
    ...(preview === "" ? {} : { preview }),
    ...(failure === undefined ? {} : { failure }),
  };
}

function failureOf({ code, message }: Failure): string {
  return JSON.stringify({ code, message } satisfies Failure);
}
