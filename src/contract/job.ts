import * as v from "valibot";
import { AgentId, ConversationId, JobId, UserId } from "./identifiers.ts";

/** Longest message of a user, in characters; longer ones are refused with a clear error. */
export const MAX_TEXT_CHARS = 32_768;

export const MessageText = v.pipe(
  v.string(),
  v.check((text) => text.trim() !== "", "消息不能为空"),
  v.maxLength(MAX_TEXT_CHARS, `消息太长，最多 ${MAX_TEXT_CHARS} 个字`),
);

/** Where a job stands: `queued` at the gateway, `delivered` at the agent, `running`, then one of the last three. */
export const JobStatus = v.picklist(["queued", "delivered", "running", "done", "failed", "cancelled"]);
export type JobStatus = v.InferOutput<typeof JobStatus>;

/** Milliseconds since 1970. */
export const Timestamp = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A `turn` answers a chat message; a `task` is handed over, and its result is fetched later. */
export const JobKind = v.picklist(["turn", "task"]);
export type JobKind = v.InferOutput<typeof JobKind>;

/** One piece of work, as the agent gets it. */
export const Job = v.object({
  id: JobId,
  kind: JobKind,
  userId: UserId,
  /** Of a task: the task's id, which its attempts share. */
  conversationId: ConversationId,
  /** What the user wrote. */
  text: MessageText,
  /** Of a turn: the one that it takes the place of, if that is the last of its conversation. */
  replaces: v.optional(JobId),
  createdAt: Timestamp,
});
export type Job = v.InferOutput<typeof Job>;

/**
 * What the gateway asks of an agent: run a job, stop one, or count two users as one (`from` is the same person as `to`,
 * who has bound their accounts).
 */
export const Order = v.variant("t", [
  v.object({ t: v.literal("run"), job: Job }),
  v.object({ t: v.literal("cancel"), jobId: JobId }),
  v.object({ t: v.literal("join"), from: UserId, to: UserId }),
]);
export type Order = v.InferOutput<typeof Order>;

/** A job as its owner sees it in lists and in the feed. */
export const JobSummary = v.object({
  jobId: JobId,
  kind: JobKind,
  agentId: AgentId,
  conversationId: ConversationId,
  /** Which channel it came in by: `wecom`, `miniprogram`, … */
  channel: v.string(),
  status: JobStatus,
  /** The beginning of what the user wrote. */
  preview: v.string(),
  createdAt: Timestamp,
});
export type JobSummary = v.InferOutput<typeof JobSummary>;
