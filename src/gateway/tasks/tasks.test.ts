import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type GatewayParts,
  type GatewaysOnRedis,
  log,
  startGatewayParts,
} from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { FeedEvent } from "../../contract/feed.ts";
import { reasonOf } from "../../contract/refusal.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import type { JobRecord } from "../jobs/job-record.ts";
import type { JobStore } from "../jobs/job-store.ts";
import { pushEvents } from "../jobs/push-events.ts";
import type { AgentCalls } from "../link/agent-calls.ts";
import { agentKeys, taskKeys, userKeys } from "../redis/keys.ts";
import { openFeed } from "../users/feed.ts";
import { openTasks, type Tasks } from "./tasks.ts";

const AGENT = { id: "a1", epoch: 7 };
const SOURCE = { channel: "wecom", origin: "zhangsan" };
const MAX_OPEN = 5;
let parts: GatewaysOnRedis;
let users = 0;

beforeAll(async () => {
  parts = await startGatewayParts();
  await parts.redis.set(agentKeys(AGENT.id).epoch, AGENT.epoch);
});
afterAll(() => parts.stop());

function tasksOf(gateway: GatewayParts, jobs: JobStore = gateway.jobs): Tasks {
  return openTasks({
    ...gateway,
    jobs,
    feed: openFeed(gateway.redis, gateway.hub, gateway.restarts),
    calls: {} as AgentCalls,
    agentIds: [AGENT.id],
    maxOpen: MAX_OPEN,
    log,
    forgottenAfterMs: 0,
  });
}
const newUser = () => `u${++users}`;
const newTask = (prompt = "做事") => ({ prompt, idempotencyKey: crypto.randomUUID() });
const says = (jobId: string, from: number, ...events: ReplyEvent[]) =>
  pushEvents(parts.redis, AGENT, { jobId, from, events });
const orderCount = () => parts.redis.xlen(agentKeys(AGENT.id).orders);

async function jobOf(jobId: string): Promise<JobRecord> {
  const job = await parts.jobs.find(jobId);
  if (!job) throw new Error(`no job ${jobId}`);
  return job;
}
/** A task that has come to its end, which the task has heard of. */
async function endedTask(tasks: Tasks, userId: string) {
  const task = await tasks.create(userId, newTask(), SOURCE);
  await says(task.jobId, 0, { t: "started" }, { t: "done", text: "好" });
  await tasks.changed(await jobOf(task.jobId), "done", Date.now());
  return task;
}
async function feedOf(userId: string): Promise<FeedEvent[]> {
  const entries = await parts.redis.xrange(userKeys(userId).feed, "-", "+");
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? "") as FeedEvent);
}

describe("a gateway that dies between recording an attempt and queueing it", () => {
  /** Records, and never comes to queueing. */
  const dying = () => {
    const enqueue = () => Promise.reject(new Error("killed"));
    return tasksOf(parts, { ...parts.jobs, enqueue });
  };

  test("leaves it to a repeat", async () => {
    const [userId, task] = [newUser(), newTask()];
    expect(await dying().create(userId, task, SOURCE).catch(String)).toContain("killed");
    const before = await orderCount();
    const created = await tasksOf(parts).create(userId, task, SOURCE);
    expect(created).toMatchObject({ number: 1, status: "queued" });
    expect(await orderCount()).toBe(before + 1);
  });

  test("or to the sweep, once; retries, too", async () => {
    const tasks = tasksOf(parts);
    const userId = newUser();
    const ended = await endedTask(tasks, userId);
    await dying().create(userId, newTask(), SOURCE).catch(String);
    await dying().retry(userId, ended.id).catch(String);
    const before = await orderCount();
    await tasks.queueForgotten();
    await tasks.queueForgotten();
    expect(await orderCount()).toBe(before + 2);
    expect(await parts.redis.zcard(taskKeys.unqueued)).toBe(0);
  });

  test("or to who sees it begun already, such as the same press of a button, told again", async () => {
    const tasks = tasksOf(parts);
    const userId = newUser();
    const ended = await endedTask(tasks, userId);
    await dying().retry(userId, ended.id, "press").catch(String);
    const before = await orderCount();
    await tasks.ensureQueued(userId, ended.id);
    await tasks.ensureQueued(userId, ended.id);
    expect(await orderCount()).toBe(before + 1);
  });

  test("or to who cancels it: it ends without ever being queued for long", async () => {
    const userId = newUser();
    await dying().create(userId, newTask(), SOURCE).catch(String);
    const [task] = (await tasksOf(parts).list(userId, { limit: 1 })).tasks;
    expect(await tasksOf(parts).cancel(userId, task?.id ?? "")).toBe("cancelled");
  });
});

test("Redis loses its last moments: every task is there again, with the number its owner has seen", async () => {
  const own = await startGatewayParts();
  try {
    const tasks = tasksOf(own);
    const made = [];
    for (let i = 0; i < 4; i++) made.push(await tasks.create("u", newTask(`${i}`), SOURCE));
    // Without a file: all is lost.
    await own.server.restart();
    await until("the last to be there", async () => (await tasks.byNumber("u", 4)) !== undefined);
    await own.restarts.settled();
    for (const { number, id } of made) expect((await tasks.byNumber("u", number))?.id).toBe(id);
    expect(await own.redis.xlen(agentKeys(AGENT.id).orders)).toBe(4);
    expect((await tasks.create("u", newTask(), SOURCE)).number).toBe(5);
  } finally {
    await own.stop();
  }
});

test("a retry that is repeated after its attempt has ended begins no other; another message does", async () => {
  const tasks = tasksOf(parts);
  const userId = newUser();
  const { id } = await endedTask(tasks, userId);
  const second = await tasks.retry(userId, id, "message 1");
  await says(second.jobId, 0, { t: "started" }, { t: "done", text: "好" });
  await tasks.changed(await jobOf(second.jobId), "done", Date.now());
  expect((await tasks.retry(userId, id, "message 1")).jobId).toBe(second.jobId);
  expect(await tasks.retry(userId, id, "message 2")).toMatchObject({ attempts: 3, status: "queued" });
});

test("who has just seen the end may try again at once, though the task has not heard of it", async () => {
  const tasks = tasksOf(parts);
  const userId = newUser();
  const task = await tasks.create(userId, newTask(), SOURCE);
  await says(task.jobId, 0, { t: "started" });
  expect(await tasks.retry(userId, task.id).catch(reasonOf)).toBe("not-ended");
  await says(
    task.jobId,
    1,
    { t: "delta", text: "半" },
    { t: "failed", code: "model-error", message: "断了" },
  );
  const second = await tasks.retry(userId, task.id);
  expect(second).toMatchObject({ attempts: 2, status: "queued" });
  // Now it hears of it, and twice: its channel gets the end of the first attempt, the list stays with the second.
  for (let i = 0; i < 2; i++) {
    const change = await tasks.changed(await jobOf(task.jobId), "failed", Date.now());
    expect(change?.task).toMatchObject({
      jobId: task.jobId,
      attempts: 1,
      status: "failed",
      preview: "半",
      failure: { code: "model-error" },
      origin: "zhangsan",
    });
  }
  expect(await tasks.find(userId, task.id)).toMatchObject({ jobId: second.jobId, status: "queued" });
});

test("changes that are told again, or late, tell the feed nothing twice and take nothing back", async () => {
  const tasks = tasksOf(parts);
  const userId = newUser();
  const task = await tasks.create(userId, newTask(), SOURCE);
  const job = await jobOf(task.jobId);
  const progress = (number: number) => ({
    ...job,
    status: "running" as const,
    progress: { number, at: { note: `${number}` } },
  });
  expect(await tasks.changed(job, "queued", 1)).toMatchObject({ before: undefined });
  expect(await tasks.changed(job, "queued", 1)).toMatchObject({ before: undefined });
  expect(await tasks.changed({ ...job, status: "running" }, "running", 2)).toMatchObject({
    before: "queued",
  });
  for (const number of [3, 9, 5]) await tasks.changed(progress(number), "running", 3);
  expect((await tasks.find(userId, task.id))?.progress).toEqual({ note: "9" });
  await says(task.jobId, 0, { t: "started" }, { t: "done", text: "好" });
  const done = await jobOf(task.jobId);
  expect(await tasks.changed(done, "done", 4)).toMatchObject({ before: "running" });
  expect(await tasks.changed(done, "done", 4)).toMatchObject({ before: "done" });
  await tasks.changed(progress(10), "running", 5);
  await tasks.changed({ ...job, status: "running" }, "running", 2);
  expect(await tasks.find(userId, task.id)).toMatchObject({ status: "done", startedAt: 2, finishedAt: 4 });
  const told = (await feedOf(userId)).map(
    (event) => event.t === "task" && `${event.task.status} ${event.task.progress?.note}`,
  );
  expect(told).toEqual(["queued undefined", "running undefined", "running 3", "running 9", "done undefined"]);
});

describe("two users who become one", () => {
  test("have all tasks under the one who stands for both, numbered on, in the order of their making", async () => {
    const tasks = tasksOf(parts);
    const [from, to] = [newUser(), newUser()];
    const mine = await tasks.create(to, newTask("我的"), SOURCE);
    const ended = await endedTask(tasks, from);
    const open = await tasks.create(from, newTask("进行中"), SOURCE);
    await parts.redis.set(userKeys(from).alias, to);
    await tasks.move(from, to);
    await tasks.move(from, to);
    expect((await tasks.list(from, { limit: 9 })).tasks).toEqual([]);
    const { tasks: all } = await tasks.list(to, { limit: 9 });
    expect(all.map(({ id, number }) => [id, number])).toEqual([
      [open.id, 3],
      [ended.id, 2],
      [mine.id, 1],
    ]);
    const { tasks: done } = await tasks.list(to, { limit: 9, status: "done" });
    expect(done.map(({ id }) => id)).toEqual([ended.id]);
    // What the agent says of it under the old name goes to the new one.
    await says(open.jobId, 0, { t: "started" }, { t: "done", text: "好" });
    await tasks.changed(await jobOf(open.jobId), "done", Date.now());
    expect((await tasks.byNumber(to, 3))?.status).toBe("done");
    expect((await feedOf(to)).at(-1)).toMatchObject({ t: "task", task: { id: open.id, status: "done" } });
  });

  test("lose nothing that changes while they are joined, by two gateways at once", async () => {
    const tasks = tasksOf(parts);
    const other = tasksOf(await parts.another());
    for (let round = 0; round < 10; round++) {
      const [from, to] = [newUser(), newUser()];
      const made = [];
      for (let i = 0; i < 4; i++) made.push(await tasks.create(from, newTask(), SOURCE));
      for (const { jobId } of made) await says(jobId, 0, { t: "started" }, { t: "done", text: "好" });
      await parts.redis.set(userKeys(from).alias, to);
      const tell = async (jobId: string) => {
        const job = await jobOf(jobId);
        // As the queue of changes does.
        while ((await tasks.changed(job, "done", 1).catch(() => "again")) === "again") await Bun.sleep(0);
      };
      await Promise.all([
        tasks.move(from, to),
        other.move(from, to),
        ...made.map(({ jobId }) => tell(jobId)),
      ]);
      const { tasks: all } = await tasks.list(to, { limit: 9, status: "done" });
      expect(all.map(({ number }) => number)).toEqual([4, 3, 2, 1]);
      expect((await tasks.list(from, { limit: 9 })).tasks).toEqual([]);
    }
  });
});
