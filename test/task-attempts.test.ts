import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Task } from "../src/contract/task.ts";
import { refused } from "./refused.ts";
import { type System, until } from "./system.ts";
import { newTaskUser, startTaskSystem, tasksTold, type TaskUser } from "./task-user.ts";
import { watchFeed } from "./watched-feed.ts";
import { watchJob } from "./watched-job.ts";

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

describe("cancelling", () => {
  test("in the queue: it never reaches the agent; a second time it is the same", async () => {
    await user.agent.close();
    const task = await user.create("还在排队");
    expect(await user.api.task.cancel.mutate({ id: task.id })).toBe("cancelled");
    expect(await user.api.task.cancel.mutate({ id: task.id })).toBe("cancelled");
    await user.untilStatus(task, "cancelled");
    await user.reconnect();
    const later = await user.create("下一个");
    await user.delivered(later);
    expect(user.agent.jobs()).not.toContain(task.jobId);
  });

  test("while the link is down: the agent is told before all else when it is back", async () => {
    const task = await user.create("已送达");
    await user.delivered(task);
    await user.agent.close();
    expect(await user.api.task.cancel.mutate({ id: task.id })).toBe("cancelling");
    expect(await user.api.task.cancel.mutate({ id: task.id })).toBe("cancelling");
    const later = await user.create("后来的");
    await user.reconnect();
    await until("both orders", () => user.agent.orders.length === 2);
    expect(user.agent.orders).toMatchObject([{ t: "cancel", jobId: task.jobId }, { t: "run" }]);
    await user.agent.says(task.jobId, { t: "cancelled" });
    await user.untilStatus(task, "cancelled");
    expect(await user.statusOf(later)).not.toBe("cancelled");
  });

  test("running: what there is of the answer is kept", async () => {
    const task = await user.create("写到一半");
    await user.delivered(task);
    await user.agent.says(task.jobId, { t: "started" }, { t: "delta", text: "写了一半" });
    expect(await user.api.task.cancel.mutate({ id: task.id })).toBe("cancelling");
    await until("the order", () => user.agent.cancelled().includes(task.jobId));
    await user.agent.says(task.jobId, { t: "cancelled" });
    await user.untilStatus(task, "cancelled");
    expect((await user.api.task.list.query()).tasks[0]).toMatchObject({ preview: "写了一半" });
  });

  test("ended: says so", async () => {
    const task = await user.create("做完了");
    await user.delivered(task);
    await user.agent.says(task.jobId, { t: "started" }, { t: "done", text: "好" });
    expect(await user.api.task.cancel.mutate({ id: task.id })).toBe("done");
  });

  test("in a race with its end: one terminal event, whoever wins, and all agree", async () => {
    const ends = new Set<string>();
    for (let i = 0; i < 30; i++) {
      const task = await user.create(`比赛 ${i}`);
      const job = watchJob(user.client, task.jobId);
      // Half of the time the agent has not accepted it yet: then the gateway ends it itself.
      if (i % 2 === 0) await user.delivered(task);
      else await until("the order", () => user.agent.jobs().includes(task.jobId));
      const [outcome, pushed] = await Promise.all([
        user.api.task.cancel.mutate({ id: task.id }),
        user.agent.says(task.jobId, { t: "started" }, { t: "done", text: "完成" }),
      ]);
      await job.completed;
      expect(pushed.closed).toBe(true);
      expect(job.faults).toEqual([]);
      const end = job.end()?.t ?? "none";
      // “cancelling” promises nothing: the agent's end was quicker.
      expect(outcome === "cancelling" ? "done" : outcome).toBe(end as "done");
      ends.add(end);
      await until("the task to say the same", async () => (await user.statusOf(task)) === end);
    }
    expect([...ends].every((end) => end === "done" || end === "cancelled")).toBe(true);
  });
});

describe("trying again", () => {
  async function failed(prompt: string): Promise<Task> {
    const task = await user.create(prompt);
    await user.delivered(task);
    await user.agent.says(
      task.jobId,
      { t: "started" },
      { t: "delta", text: "半" },
      { t: "failed", code: "model-error", message: "模型出错" },
    );
    return task;
  }

  test("begins one more attempt, with the ones before in its history; pressed twice, it is one", async () => {
    const task = await failed("再来");
    // At once, from several places.
    const again = await Promise.all(
      Array.from({ length: 5 }, () => user.api.task.retry.mutate({ id: task.id })),
    );
    const [second = task] = again;
    expect(new Set(again.map(({ jobId }) => jobId)).size).toBe(1);
    expect(second).toMatchObject({ id: task.id, number: task.number, attempts: 2, status: "queued" });
    expect(second.failure).toBeUndefined();
    await user.delivered(second);
    expect(user.agent.jobs().filter((id) => id === second.jobId)).toHaveLength(1);
    const order = user.agent.orders.find((one) => one.t === "run" && one.job.id === second.jobId);
    expect(order).toMatchObject({ job: { kind: "task", conversationId: task.id, text: "再来" } });
    await user.agent.says(second.jobId, { t: "started" }, { t: "done", text: "成了" });
    await user.untilStatus(task, "done");
    user.agent.contents.set(task.id, [
      { jobId: task.jobId, prompt: "再来", result: "半" },
      { jobId: second.jobId, prompt: "再来", result: "成了" },
    ]);
    const { history, fromCache, prompt } = await user.api.task.get.query({ id: task.id });
    expect({ fromCache, prompt }).toEqual({ fromCache: false, prompt: "再来" });
    expect(history).toMatchObject([
      { number: 1, status: "failed", result: "半", failure: { code: "model-error", message: "模型出错" } },
      { number: 2, status: "done", result: "成了" },
    ]);
  });

  test("not while its first attempt goes on", async () => {
    const task = await user.create("还没完");
    expect(await refused(user.api.task.retry.mutate({ id: task.id }))).toMatchObject({ reason: "not-ended" });
  });

  test("the feed tells of the attempts in order", async () => {
    const feed = await watchFeed(user.client);
    const task = await failed("顺序");
    const second = await user.api.task.retry.mutate({ id: task.id });
    await user.delivered(second);
    await user.agent.says(second.jobId, { t: "started" });
    await user.agent.says(second.jobId, { t: "done", text: "好" });
    await until("the end", () => tasksTold(feed, task.id).some(({ status }) => status === "done"));
    const told = tasksTold(feed, task.id);
    expect(told.map(({ attempts }) => attempts)).toEqual(
      told.map(({ attempts }) => attempts).toSorted((a, b) => a - b),
    );
    expect(told.filter(({ status }) => status === "failed")).toHaveLength(1);
    expect(told.filter(({ attempts }) => attempts === 2).map(({ status }) => status)).toEqual([
      "queued",
      "delivered",
      "running",
      "done",
    ]);
    feed.stop();
  });
});
