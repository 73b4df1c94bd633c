import { expect, test } from "bun:test";
import type { TaskDetail } from "../../../src/contract/task.ts";
import { dataDiff } from "../screen/data-diff";
import { earlierAttempts, taskFacts, waitingText } from "./task-detail-text";

const NOW = new Date(2026, 2, 1, 9, 30).getTime();
const MINUTE_MS = 60_000;
const FAILURE = { code: "model-error", message: "模型服务出错" } as const;
const detail: TaskDetail = {
  id: "a1.t1",
  jobId: "a1.j3",
  number: 7,
  title: "写周报",
  status: "running",
  agentId: "a1",
  channel: "wecom",
  createdAt: NOW - 30 * MINUTE_MS,
  startedAt: NOW - 2 * MINUTE_MS,
  attempts: 3,
  prompt: "写",
  fromCache: false,
  history: [
    {
      number: 1,
      jobId: "a1.j1",
      status: "failed",
      createdAt: NOW - 30 * MINUTE_MS,
      failure: FAILURE,
      result: "半",
    },
    {
      number: 2,
      jobId: "a1.j2",
      status: "cancelled",
      createdAt: NOW - 9 * MINUTE_MS,
      finishedAt: NOW - MINUTE_MS,
    },
    { number: 3, jobId: "a1.j3", status: "running", createdAt: NOW - 5 * MINUTE_MS },
  ],
};

test("facts are only those that are known", () => {
  const facts = taskFacts(detail, NOW).map(({ label, value }) => `${label} ${value}`);
  const known = [
    "编号 #7",
    "智能体 a1",
    "来自 企业微信",
    "提交 今天 09:00",
    "开始 今天 09:28",
    "执行 第 3 次",
  ];
  expect(facts).toEqual(known);
  const ended = taskFacts({ ...detail, attempts: 1, finishedAt: NOW, channel: "other" }, NOW);
  expect(ended.slice(-2).map(({ value }) => value)).toEqual(["今天 09:30", "2 分钟"]);
});

test("earlier attempts are latest first, each with its result or a reason", () => {
  const rows = earlierAttempts(detail, NOW);
  expect(
    rows.map(({ number, status, reason, hasResult, time }) => [number, status, reason, hasResult, time]),
  ).toEqual([
    [2, "已取消", "没有留下结果", false, "今天 09:29"],
    [1, "失败", "模型服务出错", true, "今天 09:00"],
  ]);
});

test("from the cache an attempt has a beginning without lines, which is no Markdown", () => {
  const [, first] = earlierAttempts({ ...detail, fromCache: true }, NOW);
  expect([first?.hasResult, first?.beginning]).toEqual([false, "半"]);
});

test("says what a waiting task waits for", () => {
  expect(waitingText({ status: "queued" }, false)).toContain("离线");
  expect(waitingText({ status: "delivered" }, false)).toContain("离线");
  expect(waitingText({ status: "delivered" }, true)).toContain("正忙");
  expect(waitingText({ status: "queued" }, undefined)).toContain("排队");
});

test("a difference holds what has changed, and nothing undefined", () => {
  const data = { a: 1, list: [1, 2], o: { x: "y" } };
  expect(dataDiff(data, { a: 1, list: [1, 2], o: { x: "y" } })).toEqual({});
  expect(dataDiff(data, { list: [2], o: { x: "z" } })).toEqual({ list: [2], o: { x: "z" } });
});
