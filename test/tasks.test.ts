import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Task } from "../src/contract/task.ts";
import { playAgent } from "./played-agent.ts";
import { refused } from "./refused.ts";
import { type System, until } from "./system.ts";
import { MAX_OPEN, newTaskUser, OTHER, startTaskSystem, tasksTold, type TaskUser } from "./task-user.ts";
import { watchFeed } from "./watched-feed.ts";

let system: System;
let user: TaskUser;
beforeAll(async () => {
  system = await startTaskSystem();
}, 30_000);
afterAll(() => system.stop(), 30_000);
beforeEach(async () => {
  user = await newTaskUser(system);
});
afterEach(() => user.agent.close());

test("a task from its beginning to its end, on the feed and in the list", async () => {
  const feed = await watchFeed(user.client);
  const task = await user.create("# 写一份**周报**\n\n要点如下");
  expect(task).toMatchObject({
    number: 1,
    title: "写一份周报",
    status: "queued",
    attempts: 1,
    agentId: "a1",
  });
  await user.delivered(task);
  await user.agent.says(task.jobId, { t: "started" }, { t: "progress", note: "已用 5 秒", percent: 40 });
  await until("progress", () => tasksTold(feed, task.id).some(({ progress }) => progress?.percent === 40));
  user.agent.contents.set(task.id, [{ jobId: task.jobId, prompt: "要点", result: "全文" }]);
  await user.agent.says(task.jobId, { t: "delta", text: "全文" }, { t: "done", text: "全文" });
  await user.untilStatus(task, "done");
  await until("its end", () => tasksTold(feed, task.id).some(({ status }) => status === "done"));
  const told = tasksTold(feed, task.id).map(({ status, progress }) =>
    `${status} ${progress?.note ?? ""}`.trim(),
  );
  expect(told).toEqual(["queued", "delivered", "running", "running 已用 5 秒", "done"]);
  // A task's changes come as such only.
  expect(feed.events.some(({ t }) => t === "job")).toBe(false);
  const { tasks } = await user.api.task.list.query();
  expect(tasks).toHaveLength(1);
  expect(tasks[0]).toMatchObject({ id: task.id, status: "done", preview: "全文" });
  expect(tasks[0]?.finishedAt ?? 0).toBeGreaterThanOrEqual(tasks[0]?.startedAt ?? Infinity);
  expect(tasks[0]?.progress).toBeUndefined();
  feed.stop();
});

test("what is sent again is the same task, with the same number; another key is the next number", async () => {
  const same = await Promise.all(Array.from({ length: 8 }, () => user.create("一", "k1")));
  expect(new Set(same.map(({ id, number }) => `${id} ${number}`)).size).toBe(1);
  expect((await user.create("二", "k2")).number).toBe(2);
  await until("both", () => user.agent.jobs().length === 2);
  await user.agent.accept();
});

test("pages, newest first, each task once; and those of one status", async () => {
  const made: Task[] = [];
  for (let i = 0; i < 7; i++) {
    const task = await user.create(`第 ${i} 个`);
    made.push(task);
    if (i % 2 === 0) expect(await user.api.task.cancel.mutate({ id: task.id })).toBe("cancelled");
    if (i % 2 === 0) await user.untilStatus(task, "cancelled");
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await user.api.task.list.query({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.tasks.map(({ id }) => id));
    ({ cursor } = page);
  } while (cursor !== undefined);
  expect(seen).toEqual(made.map(({ id }) => id).toReversed());
  const cancelled = await user.api.task.list.query({ status: "cancelled" });
  expect(cancelled.tasks.map(({ number }) => number)).toEqual([7, 5, 3, 1]);
  expect(cancelled.cursor).toBeUndefined();
  expect(await refused(user.api.task.list.query({ cursor: "abc" }))).toMatchObject({ code: "BAD_REQUEST" });
});

test("so many may be open; who has as many is told, and may go on when one has ended", async () => {
  const made = await Promise.all(Array.from({ length: MAX_OPEN }, (_, i) => user.create(`${i}`, `k${i}`)));
  expect(await refused(user.create("太多"))).toMatchObject({ reason: "too-many-tasks" });
  // The same ones again are not more.
  expect((await user.create("0", "k0")).id).toBe(made[0]?.id ?? "");
  const [first] = made;
  if (!first) throw new Error("none was made");
  await user.api.task.cancel.mutate({ id: first.id });
  await user.untilStatus(first, "cancelled");
  expect((await user.create("现在可以")).number).toBe(MAX_OPEN + 1);
  // To try the ended one again would be one more.
  expect(await refused(user.api.task.retry.mutate({ id: first.id }))).toMatchObject({
    reason: "too-many-tasks",
  });
});

test("a task of somebody else does not exist", async () => {
  const { id } = await user.create("我的");
  const other = system.client(await system.signIn("somebody"));
  const { task } = other.api;
  for (const ask of [task.get.query, task.cancel.mutate, task.retry.mutate]) {
    expect(await refused(ask({ id }))).toMatchObject({ reason: "not-found" });
  }
  expect((await task.list.query()).tasks).toEqual([]);
  await other.close();
});

describe("while the agent is away", () => {
  test("the summary is there, and says that it is from the cache", async () => {
    const task = await user.create("离线");
    await user.delivered(task);
    await user.agent.says(task.jobId, { t: "started" }, { t: "done", text: `${"长".repeat(300)}。` });
    await user.untilStatus(task, "done");
    await user.agent.close();
    await until("it to be away", async () => !(await user.api.agent.list.query())[0]?.online);
    const detail = await user.api.task.get.query({ id: task.id });
    expect(detail).toMatchObject({ fromCache: true, status: "done", prompt: "离线" });
    expect(detail.history[0]?.result).toBe(`${"长".repeat(200)}…`);
  });

  test("of two agents, the tasks of the one that dies wait for it; the other's go on", async () => {
    const other = await playAgent(system.gatewayUrl, OTHER);
    const waiting = await user.create("给第一个");
    await user.agent.close();
    expect((await user.api.me.setAgent.mutate({ agentId: OTHER.id })).agentId).toBe(OTHER.id);
    const task = await user.create("给第二个");
    expect(task.agentId).toBe(OTHER.id);
    await until("its order", () => other.jobs().includes(task.jobId));
    await other.says(task.jobId, { t: "started" }, { t: "done", text: "好" });
    await user.untilStatus(task, "done");
    expect(other.jobs()).not.toContain(waiting.jobId);
    expect(await user.statusOf(waiting)).toMatch(/queued|delivered/);
    await other.close();
    await user.reconnect();
    await user.delivered(waiting);
    await user.agent.says(waiting.jobId, { t: "started" }, { t: "done", text: "好" });
    await user.untilStatus(waiting, "done");
  });
});

test("the feed tells of agents that come, work and go", async () => {
  const feed = await watchFeed(user.client);
  const seen = (id: string) =>
    feed.events.flatMap((event) => (event.t === "agent" && event.agent.id === id ? [event.agent] : []));
  const other = await playAgent(system.gatewayUrl, OTHER);
  await until("it to be there", () => seen(OTHER.id).at(-1)?.online === true);
  await other.report({ running: 2, waiting: 3, model: "qwen" });
  await until("it to be busy", () => seen(OTHER.id).at(-1)?.running === 2);
  expect(seen(OTHER.id).at(-1)).toMatchObject({ slots: 2, waiting: 3, model: "qwen" });
  await other.close();
  await until("it to be gone", () => seen(OTHER.id).at(-1)?.online === false);
  // From where such an event stands, the feed resumes without a gap.
  const lastId = feed.ids.at(-1) ?? "";
  feed.stop();
  const task = await user.create("之后");
  const resumed = await watchFeed(user.client, lastId);
  await until("what came later", () => tasksTold(resumed, task.id).length > 0);
  resumed.stop();
});

test("a gateway that is killed at any moment loses no task, doubles none, and ends each once", async () => {
  const keys = Array.from({ length: MAX_OPEN }, (_, i) => `kill-${i}`);
  for (const delayMs of [1, 5]) {
    const asked = keys.map((key) => user.create(key, key).catch(() => undefined));
    await Bun.sleep(delayMs);
    await system.gateway().kill9();
    await Promise.all(asked);
    await system.startGateway();
  }
  await user.agent.close();
  await user.reconnect();
  const tasks = await Promise.all(keys.map((key) => user.create(key, key)));
  expect(tasks.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  await until("all orders", () => tasks.every(({ jobId }) => user.agent.jobs().includes(jobId)));
  await user.agent.accept();
  for (const { jobId } of tasks) await user.agent.says(jobId, { t: "started" }, { t: "done", text: "好" });
  // Killed again before the ends are told.
  await system.gateway().kill9();
  await system.startGateway();
  for (const task of tasks) await user.untilStatus(task, "done");
  expect((await user.api.task.list.query()).tasks).toHaveLength(MAX_OPEN);
}, 60_000);
