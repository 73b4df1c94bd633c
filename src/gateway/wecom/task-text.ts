import { excerpt } from "../../excerpt.ts";
import type { JobStatus } from "../../contract/job.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import type { Task } from "../../contract/task.ts";
import { isFinal, type JobRecord } from "../jobs/job-record.ts";

/** What a task's state looks like in words. */
export const STATUS_NAMES: Readonly<Record<JobStatus, string>> = {
  queued: "排队中",
  delivered: "等待执行",
  running: "进行中",
  done: "已完成",
  failed: "失败",
  cancelled: "已取消",
};

/** WeCom's members and their company are there; the gateway's machine may be set to another time. */
const TIME_ZONE = "Asia/Shanghai";
let timeFormat: Intl.DateTimeFormat | undefined;
/** Of a title or a question that a sentence names. */
const NAME_CHARS = 24;

export function timeText(at: number): string {
  // Only now: to make it takes 17 ms, which a program's start has no use for.
  timeFormat ??= new Intl.DateTimeFormat("zh-CN", {
    timeZone: TIME_ZONE,
    month: "long",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return timeFormat.format(at);
}

/** “12 秒”, “3 分 20 秒”, “2 小时 5 分”. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 1) return "不到 1 秒";
  if (seconds < 60) return `${seconds} 秒`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} 分钟` : `${minutes} 分 ${seconds % 60} 秒`;
  return `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`;
}

/** How a text names a task: by what its owner types and what they will recognise. */
export function taskName({ number, title }: Pick<Task, "number" | "title">): string {
  return `任务 ${number}「${excerpt(title, NAME_CHARS)}」`;
}

/** The same of the answer to a question. */
export function answerName({ preview }: Pick<JobRecord, "preview">): string {
  return `对「${excerpt(preview, NAME_CHARS)}」的回答`;
}

export function statusText({ status, progress }: Pick<Task, "status" | "progress">): string {
  const percent = status === "running" ? progress?.percent : undefined;
  return percent === undefined ? STATUS_NAMES[status] : `${STATUS_NAMES[status]} ${Math.floor(percent)}%`;
}

/** How long the newest attempt took, or has been running. */
export function tookText({ startedAt, finishedAt }: Task, now = Date.now()): string | undefined {
  return startedAt === undefined ? undefined : durationText((finishedAt ?? now) - startedAt);
}

/** Why a task that has not begun is waiting; undefined when there is nothing to say. */
export function waitingText({ status }: Task, presence: AgentPresence): string | undefined {
  if (isFinal(status) || status === "running") return undefined;
  if (!presence.online) return "智能体当前不在线，恢复连接后会自动开始。";
  if (presence.modelReady === false) return "模型服务暂时不可用，恢复后会自动开始。";
  return undefined;
}

/**
 * What came of it, in a line that says what it is: why it failed, the result, or only its beginning, of which at most
 * `maxChars` are shown; undefined while there is nothing.
 */
export function outcomeText(
  { status, preview, failure }: Task,
  maxChars = Number.POSITIVE_INFINITY,
): string | undefined {
  if (status === "failed") return failure && `原因：${failure.message}`;
  if (preview === undefined || preview === "") return undefined;
  const shown = excerpt(withoutMarks(preview), maxChars);
  // What the preview left out shows at its end.
  const isBeginning = shown.endsWith("…");
  if (status === "done") return `${isBeginning ? "结果开头" : "结果"}：${shown}`;
  return `${isBeginning ? "已经生成的开头" : "已经生成的部分"}：${shown}`;
}

/** Cards and plain texts show Markdown's marks as they are; in a line that is only the beginning, they say nothing. */
function withoutMarks(line: string): string {
  return line
    .replace(/\*\*|__|`+/g, "")
    .replace(/(^|\s)(?:#{1,6}|>)\s+/g, "$1")
    .replace(/(^|\s)[-*+]\s+/g, "$1• ");
}

/** The whole state of a task as a message, for who asks how it is. */
export function describeTask(task: Task, presence: AgentPresence): string {
  const took = tookText(task);
  const outcome = outcomeText(task);
  const waiting = waitingText(task, presence);
  return [
    taskName(task),
    `状态：${statusText(task)}${task.attempts > 1 ? `（第 ${task.attempts} 次执行）` : ""}`,
    ...(task.status === "running" && task.progress ? [`进度：${task.progress.note}`] : []),
    ...(waiting === undefined ? [] : [waiting]),
    `智能体：${task.agentId}`,
    `提交：${timeText(task.createdAt)}`,
    ...(took === undefined ? [] : [`${isFinal(task.status) ? "用时" : "已用"}：${took}`]),
    ...(outcome === undefined ? [] : [outcome]),
    whatNext(task),
  ].join("\n");
}

/** One line for a list. */
export function listLine(task: Task): string {
  return `${task.number}　${statusText(task)}　${excerpt(task.title, NAME_CHARS)}`;
}

/** The commands that make sense now, for who has no buttons to press. */
export function whatNext({ status, number }: Pick<Task, "status" | "number">): string {
  if (status === "done") return `发送 /retry ${number} 再做一次。`;
  return isFinal(status) ? `发送 /retry ${number} 重试。` : `发送 /cancel ${number} 取消。`;
}
