export const NO_ANSWER_TEXT = "网络不太顺畅，请稍后再试";
const UNKNOWN_TEXT = "操作没有成功，请稍后再试";
const HAN = /[\u4e00-\u9fff]/;

/** What the gateway says of an error: see the contract's `withReason`. */
interface Answer {
  readonly code?: unknown;
  readonly httpStatus?: unknown;
  readonly reason?: unknown;
}

/** No answer came in time, or there is no connection. `message` is for people. */
export class NoAnswerError extends Error {
  constructor(message: string = NO_ANSWER_TEXT) {
    super(message);
    this.name = "NoAnswerError";
  }
}

/** Any error of a call as a sentence for people. The gateway's own messages are that already. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (HAN.test(message)) return message;
  return answerOf(error) ? UNKNOWN_TEXT : NO_ANSWER_TEXT;
}

/** Why the gateway refuses a call; undefined when it gave no reason, or no answer. */
export function refusalReason(error: unknown): string | undefined {
  const reason = answerOf(error)?.reason;
  return typeof reason === "string" ? reason : undefined;
}

/** Asking the same again later may help: the gateway has not answered, cannot just now, or nobody is signed in. */
export function isPassing(error: unknown): boolean {
  const answer = answerOf(error);
  if (answer === undefined || answer.code === "SERVICE_UNAVAILABLE") return true;
  return answer.reason === "not-signed-in" || answer.reason === "device-removed";
}

/** Whether the call has no answer: nobody knows what became of it. */
export function isUnanswered(error: unknown): boolean {
  return answerOf(error) === undefined;
}

function answerOf(error: unknown): Answer | undefined {
  if (!(error instanceof Error) || !("data" in error)) return undefined;
  const { data } = error;
  return typeof data === "object" && data !== null ? data : undefined;
}
