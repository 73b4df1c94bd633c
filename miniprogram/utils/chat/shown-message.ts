import { absoluteTime } from "../screen/time-text";
import { type AnswerState, hasEnded, type QuestionState, type Turn } from "./turn";

/** A message as the list of the page has it: without its text, which goes to its component straight away. */
export interface ShownMessage {
  key: string;
  role: "user" | "assistant";
  state: QuestionState | AnswerState | "stopping";
  /** When it was said, for people. */
  time: string;
  /** Whether a line with the time goes before it: some time has passed. */
  divided: boolean;
  /** Why it failed. */
  reason: string;
  /** The answer that can be asked for anew. */
  last: boolean;
}

const PAUSE_MS = 10 * 60_000;

/**
 * @param turns in their order
 * @param now ms since 1970
 */
export function shownMessages(turns: readonly Turn[], now: number): ShownMessage[] {
  const shown = withoutReplaced(turns);
  const last = shown.at(-1);
  let at = 0;
  return shown.flatMap((turn) => {
    const divided = (turn.question?.at ?? 0) - at > PAUSE_MS;
    at = turn.answer?.at ?? turn.question?.at ?? at;
    return [...questionOf(turn, divided, now), ...answerOf(turn, turn === last, now)];
  });
}

/** A turn that is asked anew goes with the tap, not when the agent has heard of it; it comes back if that is refused. */
function withoutReplaced(turns: readonly Turn[]): readonly Turn[] {
  const inPlace = turns.filter(({ question }) => question?.state !== "refused");
  const isReplaced = (old: Turn) =>
    old.jobId !== undefined &&
    inPlace.some(({ replaces, kept }) => replaces === old.jobId && !(kept && old.kept));
  return inPlace.some(({ replaces }) => replaces !== undefined)
    ? turns.filter((turn) => !isReplaced(turn))
    : turns;
}

function questionOf({ key, question }: Turn, divided: boolean, now: number): ShownMessage[] {
  if (!question) return [];
  const { state, reason, at } = question;
  const time = absoluteTime(at, now);
  return [{ key: `${key}q`, role: "user", state, time, divided, reason, last: false }];
}

function answerOf({ key, answer, question }: Turn, isLast: boolean, now: number): ShownMessage[] {
  if (!answer) return [];
  const { reason, at } = answer;
  const state = answer.stopping ? "stopping" : answer.state;
  const last = isLast && hasEnded(answer) && question?.whole === true;
  return [
    { key: `${key}a`, role: "assistant", state, time: absoluteTime(at, now), divided: false, reason, last },
  ];
}
