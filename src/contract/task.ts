import * as v from "valibot";
import { AgentId, IdempotencyKey, JobId, TaskId } from "./identifiers.ts";
import { JobStatus, MessageText, Timestamp } from "./job.ts";
import { Failure } from "./reply-event.ts";

/** Longest title, in characters. */
export const MAX_TITLE_CHARS = 60;
const PAGE_LIMIT = 50;

/** Work to hand over. Without a title one is made from the prompt. */
export const NewTask = v.object({
  title: v.optional(
    v.pipe(
      v.string(),
      v.trim(),
      v.minLength(1, "标题不能为空"),
      v.maxLength(MAX_TITLE_CHARS, `标题最长 ${MAX_TITLE_CHARS} 个字`),
    ),
  ),
  prompt: MessageText,
  idempotencyKey: IdempotencyKey,
});
export type NewTask = v.InferOutput<typeof NewTask>;

/** Where a running task is, as far as anybody can tell. */
export const Progress = v.object({
  /** For people, e.g. “正在生成，已用 40 秒，约 1200 字”. */
  note: v.string(),
  percent: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
});
export type Progress = v.InferOutput<typeof Progress>;

/** A task as lists, cards and the feed show it: its newest attempt. */
export const Task = v.object({
  id: TaskId,
  /** What its owner calls it by in a chat (`/cancel 12`); counted for each user, from 1. */
  number: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  title: v.string(),
  status: JobStatus,
  progress: v.optional(Progress),
  agentId: AgentId,
  /** Which channel it came in by. */
  channel: v.string(),
  createdAt: Timestamp,
  /** Of the newest attempt. */
  startedAt: v.optional(Timestamp),
  finishedAt: v.optional(Timestamp),
  /** How many attempts there are; their events are those of `jobId`, the newest. */
  attempts: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  jobId: JobId,
  /** The beginning of the result. */
  preview: v.optional(v.string()),
  failure: v.optional(Failure),
});
export type Task = v.InferOutput<typeof Task>;

/** One try at a task, counted from 1. */
export const Attempt = v.object({
  number: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  jobId: JobId,
  status: JobStatus,
  createdAt: Timestamp,
  startedAt: v.optional(Timestamp),
  finishedAt: v.optional(Timestamp),
  /** The whole result, or what there was of it when it was cancelled or failed. Lives on the agent. */
  result: v.optional(v.string()),
  failure: v.optional(Failure),
});
export type Attempt = v.InferOutput<typeof Attempt>;

/** `fromCache`: the agent does not answer, so that of the results there are only the beginnings (`preview`). */
export const TaskDetail = v.object({
  ...Task.entries,
  prompt: v.optional(v.string()),
  history: v.array(Attempt),
  fromCache: v.boolean(),
});
export type TaskDetail = v.InferOutput<typeof TaskDetail>;

/** Newest first; `cursor` is opaque, from the page before. */
export const TaskListRequest = v.object({
  cursor: v.optional(v.pipe(v.string(), v.regex(/^\d{1,16}$/, "cursor 不正确"))),
  status: v.optional(JobStatus),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PAGE_LIMIT)), 20),
});
export type TaskListRequest = v.InferOutput<typeof TaskListRequest>;

/** `cursor` is there when older tasks remain. */
export const TaskPage = v.object({ tasks: v.array(Task), cursor: v.optional(v.string()) });
export type TaskPage = v.InferOutput<typeof TaskPage>;

/**
 * What became of asking for a task's end: `cancelled` (it never reached the agent), `cancelling` (the agent has been told,
 * or will be when it is back), or the status in which it had already ended.
 */
export const CancelOutcome = v.picklist(["cancelled", "cancelling", "done", "failed"]);
export type CancelOutcome = v.InferOutput<typeof CancelOutcome>;
