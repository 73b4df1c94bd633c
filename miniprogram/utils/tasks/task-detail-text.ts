import type { Attempt, Task, TaskDetail } from "../../../src/contract/task";
import { absoluteTime, durationText } from "../screen/time-text";
import type { Tone } from "../screen/tone";
import { plainStart, statusText, statusTone } from "./task-text";

export interface Fact {
  readonly label: string;
  readonly value: string;
}
/** An earlier attempt, folded. */
export interface AttemptRow {
  readonly number: number;
  readonly status: string;
  readonly tone: Tone;
  readonly time: string;
  /** Why it has no result, or only a part of one. */
  readonly reason: string;
  /** Its result is there, as Markdown, to be asked for. */
  readonly hasResult: boolean;
  /** What is left of it in the gateway's cache, which has folded its lines. */
  readonly beginning: string;
}
/** More than the cache has of a result. */
const BEGINNING_CHARS = 400;

const CHANNELS: Readonly<Record<string, string>> = { wecom: "企业微信", miniprogram: "小程序", web: "网页" };

/** `now` in ms since 1970. */
export function taskFacts(task: Task, now: number): Fact[] {
  const { number, agentId, channel, createdAt, startedAt, finishedAt, attempts } = task;
  const took =
    startedAt !== undefined && finishedAt !== undefined ? durationText(finishedAt - startedAt) : "";
  return [
    { label: "编号", value: `#${number}` },
    { label: "智能体", value: agentId },
    { label: "来自", value: CHANNELS[channel] ?? channel },
    { label: "提交", value: absoluteTime(createdAt, now) },
    { label: "开始", value: startedAt === undefined ? "" : absoluteTime(startedAt, now) },
    { label: "结束", value: finishedAt === undefined ? "" : absoluteTime(finishedAt, now) },
    { label: "用时", value: took },
    { label: "执行", value: attempts > 1 ? `第 ${attempts} 次` : "" },
  ].filter(({ value }) => value !== "");
}

/** All attempts but the newest, latest first. */
export function earlierAttempts({ history, jobId, fromCache }: TaskDetail, now: number): AttemptRow[] {
  const earlier = history.filter((attempt) => attempt.jobId !== jobId);
  return earlier.sort((a, b) => b.number - a.number).map((attempt) => attemptRow(attempt, fromCache, now));
}

/** A result from the cache is no Markdown any more: its lines have become one. */
export function beginningOf(result: string): string {
  return plainStart(result, BEGINNING_CHARS);
}

function attemptRow(attempt: Attempt, fromCache: boolean, now: number): AttemptRow {
  const { number, status, createdAt, finishedAt, failure, result = "" } = attempt;
  return {
    number,
    status: statusText(status),
    tone: statusTone(status),
    time: absoluteTime(finishedAt ?? createdAt, now),
    reason: failure?.message ?? (result === "" ? "没有留下结果" : ""),
    hasResult: result !== "" && !fromCache,
    beginning: fromCache ? beginningOf(result) : "",
  };
}

/** What stands where the result will be. `online`: whether the task's agent is there; undefined: nobody knows. */
export function waitingText({ status }: Pick<Task, "status">, online: boolean | undefined): string {
  if (status === "running") return "正在准备，结果会在这里逐步出现";
  if (status === "done") return "没有结果内容";
  if (status === "cancelled") return "任务已取消，没有留下结果";
  if (status === "failed") return "没有留下结果";
  if (online === false) return "智能体离线，任务在排队，恢复后自动开始";
  return status === "queued" ? "任务在排队，马上交给智能体" : "智能体正忙，轮到后自动开始";
}
