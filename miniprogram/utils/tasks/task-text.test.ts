import { expect, test } from "bun:test";
import type { Task } from "../../../src/contract/task.ts";
import { plainStart, taskCard } from "./task-text";

const NOW = new Date(2026, 2, 1, 9, 30).getTime();
const MINUTE_MS = 60_000;
const BASE: Task = {
  id: "a1.t1",
  jobId: "a1.j1",
  number: 12,
  title: "写周报",
  status: "queued",
  agentId: "a1",
  channel: "miniprogram",
  createdAt: NOW - 5 * MINUTE_MS,
  attempts: 1,
};
const card = (more: Partial<Task>, cancelling = false) => taskCard({ ...BASE, ...more }, NOW, cancelling);

test("a waiting task says since when, and can be cancelled once", () => {
  expect(card({})).toEqual({
    id: "a1.t1",
    number: "#12",
    title: "写周报",
    status: "排队中",
    tone: "warn",
    live: false,
    note: "",
    percent: -1,
    time: "5 分钟前提交",
    detail: "",
    action: "cancel",
  });
  expect(card({}, true).action).toBe("cancelling");
});

test("a running task has its progress, and a bar only if somebody can tell how far it is", () => {
  const live = card({ status: "running", progress: { note: "正在生成", percent: 41.7 }, preview: "旧" });
  expect([live.live, live.note, live.percent, live.detail]).toEqual([true, "正在生成", 41, ""]);
  expect(card({ status: "running", progress: { note: "正在思考" } }).percent).toBe(-1);
  expect(card({ status: "running" }).note).toBe("");
});

test("an ended task says when, how long it took, and what came of it", () => {
  const ended = { startedAt: NOW - 4 * MINUTE_MS, finishedAt: NOW - MINUTE_MS, progress: { note: "旧" } };
  const done = card({ ...ended, status: "done", preview: "# 本周\n- **完成** `a` 的发布" });
  expect([done.time, done.detail, done.action, done.note]).toEqual([
    "1 分钟前结束 · 用时 3 分钟",
    "本周 完成 a 的发布",
    "",
    "",
  ]);
  const failure = { code: "model-error", message: "模型服务出错" } as const;
  const failed = card({ ...ended, status: "failed", preview: "一半", failure });
  expect([failed.detail, failed.tone, failed.action]).toEqual(["模型服务出错", "bad", "retry"]);
  const cancelled = card({ status: "cancelled", finishedAt: NOW });
  expect([cancelled.time, cancelled.action]).toEqual(["刚刚结束", "retry"]);
  const yesterday = NOW - 24 * 60 * MINUTE_MS;
  const quick = card({ status: "failed", startedAt: yesterday, finishedAt: yesterday + 400 });
  expect(quick.time).toMatch(/\d:\d\d 结束 · 用时不到 1 秒$/);
});

test("the beginning of a result is one line of whole characters", () => {
  expect(plainStart("```ts\nlet a = 1;\n```\n> 引用\n1. 一")).toBe("let a = 1; 引用 一");
  expect(plainStart("| 项目 | 甲 |\n| --- | ---: |\n| 计算 | 9 |\n\n---\n完")).toBe("项目 甲 计算 9 完");
  expect(plainStart("| 项目 | 甲 | | --- | ---: | | 计算 | 9 |")).toBe("项目 甲 计算 9");
  expect(plainStart("😀".repeat(100))).toBe(`${"😀".repeat(80)}…`);
});
