import type { HistoryMessage } from "../../../src/contract/conversation";
import type { ReplyEvent } from "../../../src/contract/reply-event";
import type { OutgoingMessage } from "../outbox/outbox";

/** - `refused`: the gateway does not take it; `reason` says why */
export type QuestionState = "sending" | "waiting" | "refused" | "sent";
/** - `queued`: at the gateway; `delivered`: at the agent, which has not begun */
export type AnswerState = "queued" | "delivered" | "thinking" | "streaming" | "done" | "failed" | "cancelled";

export interface Question {
  text: string;
  /** False: only the beginning is known, from the feed. */
  whole: boolean;
  /** ms since 1970 */
  at: number;
  state: QuestionState;
  reason: string;
}
export interface Answer {
  text: string;
  reasoning: string;
  at: number;
  state: AnswerState;
  /** Why there is none, or only a part. */
  reason: string;
  /** Its end has been asked for. */
  stopping: boolean;
  /** When the model was first heard to think, and for how long; unknown for what was not seen happening. */
  thinkingFrom: number | undefined;
  thoughtMs: number | undefined;
  /** The agent has begun: from then on its history has the turn. */
  begun: boolean;
}

/** A question and its answer: one job. */
export interface Turn {
  /** Stays the same from the tap on “send” to the end. */
  readonly key: string;
  /** In the outbox, until the gateway has taken it. */
  outboxKey: string | undefined;
  jobId: string | undefined;
  /** The job that it takes the place of. */
  replaces: string | undefined;
  /** Absent: it is on an older page. */
  question: Question | undefined;
  answer: Answer | undefined;
  /** Whether the agent's history has been seen to have it. */
  kept: boolean;
}

export function hasEnded(answer: Answer | undefined): boolean {
  return answer?.state === "done" || answer?.state === "failed" || answer?.state === "cancelled";
}

export function newTurn(key: string, jobId?: string): Turn {
  return {
    key,
    jobId,
    outboxKey: undefined,
    replaces: undefined,
    question: undefined,
    answer: undefined,
    kept: false,
  };
}

export function newAnswer(at: number): Answer {
  return {
    text: "",
    reasoning: "",
    at,
    state: "queued",
    reason: "",
    stopping: false,
    thinkingFrom: undefined,
    thoughtMs: undefined,
    begun: false,
  };
}

export function takeOutgoing(turn: Turn, message: OutgoingMessage): void {
  const { text, at, state, reason = "" } = message;
  turn.outboxKey = message.key;
  turn.replaces = message.replaces;
  turn.question = { text, whole: true, at, state: state === "failed" ? "refused" : state, reason };
}

/** What the history says; an end that has been seen here stays. */
export function takeHistory(turn: Turn, message: HistoryMessage): void {
  const { text, at, status, failure, reasoning = "" } = message;
  turn.kept = true;
  if (message.role === "user") {
    turn.question = { text, whole: true, at, state: "sent", reason: "" };
    return;
  }
  if (hasEnded(turn.answer)) return;
  const answer = (turn.answer ??= newAnswer(at));
  answer.begun = true;
  takeDelivery(answer);
  if (status === "pending") return;
  Object.assign(answer, {
    text,
    at,
    state: status,
    reasoning,
    reason: failure?.message ?? "",
    stopping: false,
  });
}

/** @param now ms since 1970; with several events at once nobody knows how long the model thought */
export function takeEvent(answer: Answer, event: ReplyEvent, now: number): void {
  if (hasEnded(answer)) return;
  answer.begun ||= event.t !== "failed" && event.t !== "cancelled";
  switch (event.t) {
    case "started":
      if (isWaiting(answer)) answer.state = "thinking";
      return;
    case "reasoning":
      if (isWaiting(answer)) answer.state = "thinking";
      answer.thinkingFrom ??= now;
      answer.reasoning += event.text;
      return;
    case "delta":
      endThinking(answer, now);
      answer.state = "streaming";
      answer.text += event.text;
      return;
    case "reset":
      Object.assign(answer, {
        text: "",
        reasoning: "",
        state: "thinking",
        thinkingFrom: undefined,
        thoughtMs: undefined,
      });
      return;
    case "progress":
      return;
    case "done":
      endThinking(answer, now);
      return end(answer, { state: "done", text: event.text, at: now });
    case "failed":
      return end(answer, { state: "failed", reason: event.message, at: now });
    case "cancelled":
      return end(answer, { state: "cancelled", at: now });
  }
}

/** The agent has the question. What has been heard of it since then counts for more. */
export function takeDelivery(answer: Answer): void {
  if (answer.state === "queued") answer.state = "delivered";
}

function isWaiting({ state }: Answer): boolean {
  return state === "queued" || state === "delivered";
}

export function end(answer: Answer, how: Partial<Answer>): void {
  Object.assign(answer, { stopping: false, ...how });
}

function endThinking(answer: Answer, now: number): void {
  if (answer.thinkingFrom !== undefined && answer.thoughtMs === undefined && now > answer.thinkingFrom)
    answer.thoughtMs = now - answer.thinkingFrom;
  // Heard in one piece with the answer: it happened before.
  answer.thinkingFrom ??= now;
  answer.thoughtMs ??= 0;
}
