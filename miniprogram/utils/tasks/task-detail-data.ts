import type { TaskDetail } from "../../../src/contract/task";
import {
  type AttemptRow,
  beginningOf,
  earlierAttempts,
  type Fact,
  taskFacts,
  waitingText,
} from "./task-detail-text";
import { isOpen, type TaskCard, taskCard } from "./task-text";

const PROMPT_START_CHARS = 160;

/** What the page of one task draws, but for its texts: these are long, and go another way. */
export interface TaskDetailData {
  readonly card: TaskCard;
  /** Its newest attempt has not ended. */
  readonly open: boolean;
  readonly reason: string;
  /** Whether there is a text to show, and what stands there otherwise. */
  readonly hasResult: boolean;
  readonly waiting: string;
  readonly resultTitle: string;
  /** All that the cache has of the text; empty when there is the whole one. */
  readonly beginning: string;
  readonly promptStart: string;
  readonly promptLong: boolean;
  readonly attempts: readonly AttemptRow[];
  readonly facts: readonly Fact[];
}

export interface TaskDetailState {
  readonly detail: TaskDetail;
  readonly result: string;
  readonly cut: boolean;
  /** Its end has been asked for. */
  readonly cancelling: boolean;
  /** Whether its agent is there; undefined: nobody knows. */
  readonly agentOnline: boolean | undefined;
}

/** `now` in ms since 1970. */
export function taskDetailData(
  { detail, result, cut, cancelling, agentOnline }: TaskDetailState,
  now: number,
): TaskDetailData {
  const { status, failure, prompt = "" } = detail;
  return {
    card: taskCard(detail, now, cancelling),
    open: isOpen(status),
    reason: status === "failed" ? (failure?.message ?? "没有说明原因") : "",
    hasResult: result !== "" && !cut,
    waiting: waitingText(detail, agentOnline),
    resultTitle: status === "failed" || status === "cancelled" ? "已经生成的部分" : "结果",
    beginning: cut ? beginningOf(result) : "",
    promptStart: prompt.slice(0, PROMPT_START_CHARS),
    promptLong: prompt.length > PROMPT_START_CHARS,
    attempts: earlierAttempts(detail, now),
    facts: taskFacts(detail, now),
  };
}
