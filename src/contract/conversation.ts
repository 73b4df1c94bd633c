import * as v from "valibot";
import { AgentId, ConversationId, JobId } from "./identifiers.ts";
import { Timestamp } from "./job.ts";

/** A user's thread on one agent. Its content lives on the agent. */
export const Conversation = v.object({
  id: ConversationId,
  agentId: AgentId,
  /** The beginning of its first message. */
  title: v.string(),
  updatedAt: Timestamp,
});
export type Conversation = v.InferOutput<typeof Conversation>;

/** One message of a conversation. `pending` is an answer still being made: follow the events of its job for the text. */
export const HistoryMessage = v.object({
  id: v.string(),
  jobId: JobId,
  role: v.picklist(["user", "assistant"]),
  text: v.string(),
  status: v.picklist(["pending", "done", "failed", "cancelled"]),
  at: Timestamp,
});
export type HistoryMessage = v.InferOutput<typeof HistoryMessage>;

/** Where a page of history ends; opaque, from `HistoryPage.before`. */
const HistoryCursor = v.pipe(v.string(), v.regex(/^\d{1,16}$/, "before 不正确"));

/** Messages older than `before` (without it: the newest), at most `limit` of them. */
export const HistoryRequest = v.object({
  conversationId: ConversationId,
  before: v.optional(HistoryCursor),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 30),
});
export type HistoryRequest = v.InferOutput<typeof HistoryRequest>;

/** Oldest first; `before` is there when older messages remain. */
export const HistoryPage = v.object({ messages: v.array(HistoryMessage), before: v.optional(HistoryCursor) });
export type HistoryPage = v.InferOutput<typeof HistoryPage>;
