import { agentOf } from "../../contract/identifiers.ts";
import type { JobStatus } from "../../contract/job.ts";
import { isFinal } from "../jobs/job-record.ts";
import type { Failure } from "../../contract/reply-event.ts";
import type { Attempt, Progress, Task } from "../../contract/task.ts";

/** A task as its channel is given it. */
export interface TaskRecord extends Task {
  userId: string;
  /** The channel's own note of how to answer, as it was when the task was created. */
  origin: string;
  prompt: string;
}

/** An attempt as the gateway keeps it: the beginning of its result, never all of it. */
export interface KeptAttempt extends Omit<Attempt, "result"> {
  preview?: string;
}

/** A task as it is in Redis. */
export interface StoredTask extends TaskRecord {
  /** When its newest attempt was begun. */
  attemptedAt: number;
  /** The attempts before the newest, oldest first. */
  earlier: KeptAttempt[];
  /** Rises with every write. */
  revision: string;
}

/** Attempts kept; of more, the oldest are forgotten. */
const MAX_EARLIER_ATTEMPTS = 50;

/** The fields of a list's entries; the others may be long. */
export const SUMMARY_FIELDS = [
  "number",
  "title",
  "status",
  "channel",
  "created",
  "attempts",
  "job",
  "started",
  "finished",
  "progress",
  "preview",
  "failure",
] as const;
type SummaryHash = Partial<Record<(typeof SUMMARY_FIELDS)[number], string>>;

/** Undefined when there is no such task. */
export function summaryFromHash(id: string, hash: SummaryHash): Task | undefined {
  const { number, title, status, channel, created, attempts, job } = hash;
  const { started, finished, progress, preview, failure } = hash;
  if (number === undefined || job === undefined) return undefined;
  return {
    id,
    number: Number(number),
    title: title ?? "",
    status: status as JobStatus,
    agentId: agentOf(id),
    channel: channel ?? "",
    createdAt: Number(created),
    attempts: Number(attempts),
    jobId: job,
    ...(progress === undefined || isFinal(status as JobStatus)
      ? {}
      : { progress: JSON.parse(progress) as Progress }),
    ...(started === undefined ? {} : { startedAt: Number(started) }),
    ...(finished === undefined ? {} : { finishedAt: Number(finished) }),
    ...(preview === undefined ? {} : { preview }),
    ...(failure === undefined ? {} : { failure: JSON.parse(failure) as Failure }),
  };
}

export function fromHash(userId: string, id: string, hash: Record<string, string>): StoredTask | undefined {
  const summary = summaryFromHash(id, hash);
  if (!summary) return undefined;
  const { origin, prompt, attempted, earlier, revision } = hash;
  return {
    ...summary,
    userId,
    origin: origin ?? "",
    prompt: prompt ?? "",
    attemptedAt: Number(attempted),
    earlier: earlier === undefined ? [] : (JSON.parse(earlier) as KeptAttempt[]),
    revision: revision ?? "",
  };
}

/** What its owner may see. */
export function publicTask(task: StoredTask | TaskRecord): Task {
  const { userId: _user, origin: _origin, prompt: _prompt, ...rest } = task;
  const { attemptedAt: _at, earlier: _earlier, revision: _revision, ...shown } = rest as StoredTask;
  return shown;
}

/** The newest attempt, as it is kept once there is a newer one. */
export function newestAttempt(task: StoredTask): KeptAttempt {
  const { attempts, jobId, status, attemptedAt, startedAt, finishedAt, preview, failure } = task;
  return {
    number: attempts,
    jobId,
    status,
    createdAt: attemptedAt,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(preview === undefined ? {} : { preview }),
    ...(failure === undefined ? {} : { failure }),
  };
}

export function withNewest(task: StoredTask): KeptAttempt[] {
  return [...task.earlier, newestAttempt(task)].slice(-MAX_EARLIER_ATTEMPTS);
}

/** The task as it stood when the attempt with that job was its newest; undefined when it has no such attempt. */
export function asOf(task: StoredTask, jobId: string): StoredTask | undefined {
  if (jobId === task.jobId) return task;
  const attempt = task.earlier.find((one) => one.jobId === jobId);
  if (!attempt) return undefined;
  const { startedAt: _s, finishedAt: _f, preview: _p, failure: _e, progress: _g, ...lasting } = task;
  const { number, createdAt, ...own } = attempt;
  return { ...lasting, ...own, attempts: number, attemptedAt: createdAt };
}
