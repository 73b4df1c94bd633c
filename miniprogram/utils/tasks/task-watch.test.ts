import { expect, test } from "bun:test";
import type { FeedEvent } from "../../../src/contract/feed.ts";
import type { ReplyEvent } from "../../../src/contract/reply-event.ts";
import type { Attempt, Task, TaskDetail } from "../../../src/contract/task.ts";
import { openTaskWatch, type TaskWatchParts } from "./task-watch";

const TASK: Task = {
  id: "a1.t1",
  jobId: "a1.j1",
  number: 1,
  title: "t",
  status: "running",
  agentId: "a1",
  channel: "web",
  createdAt: 1,
  attempts: 1,
};
const attempt = (number: number, more: Partial<Attempt> = {}): Attempt => {
  return { number, jobId: `a1.j${number}`, status: "running", createdAt: number, ...more };
};
const detailOf = (more: Partial<TaskDetail> = {}): TaskDetail => {
  return { ...TASK, prompt: "p", history: [attempt(1)], fromCache: false, ...more };
};

function open(first: TaskDetail) {
  const gateway = { detail: first, asked: 0 };
  const listeners = new Set<(event: FeedEvent) => void>();
  const jobs = new Map<string, (frame: { id: string; data: ReplyEvent[] }) => void>();
  const query = (): Promise<TaskDetail> => {
    gateway.asked++;
    return Promise.resolve(gateway.detail);
  };
  const subscribe = ({ jobId }: { jobId: string }, { onData }: { onData: () => void }) => {
    jobs.set(jobId, onData);
    return { unsubscribe: () => jobs.delete(jobId) };
  };
  const watch = openTaskWatch({
    id: TASK.id,
    get: { query } as unknown as TaskWatchParts["get"],
    events: { subscribe } as unknown as TaskWatchParts["events"],
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    changed: () => undefined,
    grown: () => undefined,
  });
  const say = (jobId: string, ...data: ReplyEvent[]) => jobs.get(jobId)?.({ id: `${data.length}-0`, data });
  const tell = (task: Task) => listeners.forEach((listener) => listener({ t: "task", task }));
  return { gateway, watch, jobs, listeners, say, tell };
}

test("a running task's text grows, and its end is complete before the gateway is asked again", async () => {
  const { watch, say, gateway } = open(detailOf());
  await watch.load();
  say("a1.j1", { t: "progress", note: "正在生成", percent: 50 });
  expect(watch.detail?.progress).toEqual({ note: "正在生成", percent: 50 });
  const ended = attempt(1, { status: "done", finishedAt: 9, result: "开头" });
  gateway.detail = detailOf({ status: "done", finishedAt: 9, fromCache: true, history: [ended] });
  say("a1.j1", { t: "delta", text: "一" }, { t: "done", text: "一二三" });
  expect([watch.detail?.status, watch.result]).toEqual(["done", "一二三"]);
  await Promise.resolve();
  await Promise.resolve();
  expect([gateway.asked, watch.detail?.finishedAt, watch.result, watch.cut]).toEqual([2, 9, "一二三", false]);
});

test("an ended task has the result of its newest attempt; from the cache it is only the beginning", async () => {
  const history = [attempt(1, { status: "done", result: "全部" })];
  const whole = open(detailOf({ status: "done", history }));
  await whole.watch.load();
  expect([whole.watch.result, whole.watch.cut, whole.jobs.size]).toEqual(["全部", false, 0]);
  const cut = open(detailOf({ status: "done", history, fromCache: true }));
  await cut.watch.load();
  expect(cut.watch.cut).toBe(true);
});

test("another attempt, from whatever device, begins with nothing and is followed", async () => {
  const { watch, tell, jobs, say, gateway } = open(
    detailOf({ status: "failed", history: [attempt(1, { status: "failed", result: "半" })] }),
  );
  await watch.load();
  gateway.detail = detailOf({
    jobId: "a1.j2",
    attempts: 2,
    history: [attempt(1, { result: "半" }), attempt(2)],
  });
  tell({ ...TASK, jobId: "a1.j2", attempts: 2, status: "queued" });
  expect([watch.result, [...jobs.keys()]]).toEqual(["", ["a1.j2"]]);
  await Promise.resolve();
  await Promise.resolve();
  expect(watch.detail?.history.length).toBe(2);
  say("a1.j2", { t: "delta", text: "新" }, { t: "cancelled" });
  expect([watch.detail?.status, watch.result]).toEqual(["cancelled", "新"]);
});

test("what is older than what is known, or another task's, changes nothing", async () => {
  const { watch, tell } = open(detailOf({ status: "done" }));
  tell({ ...TASK, status: "failed" });
  expect(watch.detail).toBeUndefined();
  await watch.load();
  tell(TASK);
  tell({ ...TASK, id: "a1.t2", status: "failed", attempts: 5 });
  expect(watch.detail?.status).toBe("done");
});

test("an answer that was under way while the feed went on takes nothing back", async () => {
  const { watch, tell } = open(detailOf());
  await watch.load();
  const loading = watch.load();
  tell({ ...TASK, status: "cancelled", finishedAt: 5 });
  await loading;
  expect([watch.detail?.status, watch.detail?.finishedAt]).toEqual(["cancelled", 5]);
});

test("closing leaves nothing behind", async () => {
  const { watch, jobs, listeners } = open(detailOf());
  await watch.load();
  expect([jobs.size, listeners.size]).toEqual([1, 1]);
  watch.close();
  expect([jobs.size, listeners.size]).toEqual([0, 0]);
});

test("what the feed tells before the task has been loaded is not lost", async () => {
  const { watch, tell } = open(detailOf({ status: "queued" }));
  const loading = watch.load();
  tell({ ...TASK, status: "delivered" });
  await loading;
  expect(watch.detail).toMatchObject({ status: "delivered", prompt: "p" });
});
