import type { JobStatus } from "../../../src/contract/job";
import type { Task } from "../../../src/contract/task";
import { durationText, relativeTime } from "../screen/time-text";
import type { Tone } from "../screen/tone";

/** What a person may do with a task now. `cancelling`: they have, and it takes its time. */
export type TaskAction = "cancel" | "cancelling" | "retry" | "";

/** A task as `task-card` shows it: ready to be drawn, and small. */
export interface TaskCard {
  readonly id: string;
  readonly number: string;
  readonly title: string;
  readonly status: string;
  readonly tone: Tone;
  /** It runs: the tag breathes, and there is a bar. */
  readonly live: boolean;
  readonly note: string;
  /** 0–100; -1: nobody can tell. */
  readonly percent: number;
  readonly time: string;
  /** The beginning of the result, or why there is none. */
  readonly detail: string;
  readonly action: TaskAction;
}

const STATUS_TEXTS: Readonly<Record<JobStatus, string>> = {
  queued: "排队中",
  delivered: "等待执行",
  running: "进行中",
  done: "已完成",
  failed: "失败",
  cancelled: "已取消",
};
const TONES: Readonly<Record<JobStatus, Tone>> = {
  queued: "warn",
  delivered: "warn",
  running: "primary",
  done: "good",
  failed: "bad",
  cancelled: "quiet",
};
/** Two lines of a card on the widest phone. */
const DETAIL_CHARS = 80;

export function statusText(status: JobStatus): string {
  return STATUS_TEXTS[status];
}

export function statusTone(status: JobStatus): Tone {
  return TONES[status];
}

/** Whether a task or attempt has not ended. */
export function isOpen(status: JobStatus): boolean {
  return status === "queued" || status === "delivered" || status === "running";
}

/** `now` in ms since 1970; `cancelling`: its end has been asked for. */
export function taskCard(task: Task, now: number, cancelling: boolean): TaskCard {
  const { id, number, title, status, progress } = task;
  const live = status === "running";
  return {
    id,
    number: `#${number}`,
    title,
    status: STATUS_TEXTS[status],
    tone: TONES[status],
    live,
    note: live ? (progress?.note ?? "") : "",
    percent: live ? Math.floor(progress?.percent ?? -1) : -1,
    time: timeLine(task, now),
    detail: detailOf(task),
    action: actionOf(status, cancelling),
  };
}

/** What can be done with a task or attempt of that status. */
function actionOf(status: JobStatus, cancelling: boolean): TaskAction {
  if (isOpen(status)) return cancelling ? "cancelling" : "cancel";
  return status === "done" ? "" : "retry";
}

/** When it was handed over; of an ended one, when it ended and how long it took. Times in ms since 1970. */
function timeLine(
  { createdAt, startedAt, finishedAt }: Pick<Task, "createdAt" | "startedAt" | "finishedAt">,
  now: number,
): string {
  if (finishedAt === undefined) return spaced(relativeTime(createdAt, now), "提交");
  const took = startedAt === undefined ? "" : ` · ${spaced("用时", durationText(finishedAt - startedAt))}`;
  return `${spaced(relativeTime(finishedAt, now), "结束")}${took}`;
}

/** With a space between them only where a digit stands. */
function spaced(first: string, second: string): string {
  return /\d$/.test(first) || /^\d/.test(second) ? `${first} ${second}` : `${first}${second}`;
}

function detailOf({ status, preview, failure }: Task): string {
  const text = status === "failed" ? (failure?.message ?? "") : isOpen(status) ? "" : (preview ?? "");
  return plainStart(text);
}

/** The beginning of a Markdown text on one line, without its marks; at most `maxChars` characters of it. */
export function plainStart(text: string, maxChars = DETAIL_CHARS): string {
  const line = text
    .replace(/```\S*/g, " ")
    // Below a table's head, and between sections; lines may have been joined before.
    .replace(/(^|[\s|]):?-{3,}:?(?=[\s|]|$)/g, "$1")
    .replace(/^\s{0,3}(?:#{1,6}|>|[-*+]|\d+\.)\s+/gm, "")
    .replace(/[*`|]{1,3}/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const characters = Array.from(line);
  return characters.length <= maxChars ? line : `${characters.slice(0, maxChars).join("")}…`;
}
