import * as v from "valibot";

const TokenCount = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Tokens of one answer, as the model server counted them. */
export const Usage = v.object({
  promptTokens: TokenCount,
  completionTokens: TokenCount,
  model: v.optional(v.string()),
});
export type Usage = v.InferOutput<typeof Usage>;

/**
 * Why a job failed, told apart by what the user can do.
 *
 * - `too-long`: shorten the message or begin a new conversation
 * - `model-error`: the model server refused or broke off; try again
 * - `model-timeout`: the model server fell silent; try again
 * - `empty-answer`: the model said nothing (often an overflowing context)
 * - `not-found`: the conversation is not the user's, or is gone
 * - `expired`: it waited too long for its agent and was not begun; hand it over again
 * - `no-life`: the agent has lost it with its data, or has not said anything of it for too long; try again
 * - `interrupted`: the agent was restarted while it ran, more than once; try again
 * - `internal`: our bug
 */
export const FailureCode = v.picklist([
  "too-long",
  "model-error",
  "model-timeout",
  "empty-answer",
  "not-found",
  "expired",
  "no-life",
  "interrupted",
  "internal",
]);
export type FailureCode = v.InferOutput<typeof FailureCode>;

/** `message` is for people, in Chinese. */
export const Failure = v.object({ code: FailureCode, message: v.string() });
export type Failure = v.InferOutput<typeof Failure>;

/**
 * What happens to one job, in order. Events are numbered from 1 without gaps; exactly one is terminal
 * (`done`, `failed` or `cancelled`) and it is the last.
 *
 * `reset` means: forget the text so far, the answer begins again. `done.text` is the whole answer.
 */
export const ReplyEvent = v.variant("t", [
  v.object({ t: v.literal("delta"), text: v.string() }),
  v.object({ t: v.literal("reasoning"), text: v.string() }),
  v.object({ t: v.literal("started") }),
  v.object({
    t: v.literal("progress"),
    note: v.string(),
    percent: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100))),
  }),
  v.object({ t: v.literal("reset") }),
  v.object({ t: v.literal("done"), text: v.string(), usage: v.optional(Usage) }),
  v.object({ t: v.literal("failed"), code: FailureCode, message: v.string() }),
  v.object({ t: v.literal("cancelled") }),
]);
export type ReplyEvent = v.InferOutput<typeof ReplyEvent>;

/** The event that ends a job. */
export type TerminalEvent = Extract<ReplyEvent, { t: "done" | "failed" | "cancelled" }>;

export function isTerminal(event: ReplyEvent): event is TerminalEvent {
  return event.t === "done" || event.t === "failed" || event.t === "cancelled";
}
