import * as v from "valibot";
import { AgentId, ConversationId, JobId } from "./identifiers.ts";
import { Timestamp } from "./job.ts";
import { Failure } from "./reply-event.ts";

/** A user's thread on one agent. Its content lives on the agent. */
export const Conversation = v.object({
  id: ConversationId,
  agentId: AgentId,
  /** The beginning of its first message. */
  title: v.string(),
  updatedAt: Timestamp,
});
export type Conversation = v.InferOutput<typeof Conversation>;

/** A model may think much longer than it speaks. */
export const MAX_REASONING_CHARS = 32_768;
/** Longest title, in characters. */
export const MAX_CONVERSATION_TITLE_CHARS = 40;

export const ConversationTitle = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, "会话名称不能为空"),
  v.maxLength(MAX_CONVERSATION_TITLE_CHARS, `会话名称最长 ${MAX_CONVERSATION_TITLE_CHARS} 个字`),
);

/** One message of a conversation. `pending` is an answer still being made: follow the events of its job for the text. */
export const HistoryMessage = v.object({
  id: v.string(),
  jobId: JobId,
  role: v.picklist(["user", "assistant"]),
  text: v.string(),
  /** What the model thought before it answered; at most its first MAX_REASONING_CHARS. */
  reasoning: v.optional(v.string()),
  /** Why there is no answer, or only a part of one. */
  failure: v.optional(Failure),
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
