import { expect, test } from "bun:test";
import type { JobStatus } from "../../../src/contract/job.ts";
import type { Task } from "../../../src/contract/task.ts";
import { openTaskList } from "./task-list";

function task(number: number, status: JobStatus, more: Partial<Task> = {}): Task {
  const [id, jobId] = [`a1.t${number}`, `a1.j${number}`];
  const createdAt = 1_000 * number;
  return {
    id,
    jobId,
    number,
    title: `任务 ${number}`,
    status,
    agentId: "a1",
    channel: "wecom",
    createdAt,
    attempts: 1,
    ...more,
  };
}
const numbers = (tasks: Task[]) => tasks.map((one) => one.number);

test("pages follow each other, and the feed's changes are on them", () => {
  const list = openTaskList();
  expect([list.begun("all"), list.wanted("all")]).toEqual([false, [{}]]);
  list.takePage({}, { tasks: [task(9, "running"), task(8, "done")], cursor: "8000" });
  expect([list.begun("all"), list.wanted("all")]).toEqual([true, [{ cursor: "8000" }]]);
  list.takeChange(task(9, "done"));
  list.takeChange(task(10, "queued"));
  expect(list.tasks("all").map((one) => one.status)).toEqual(["queued", "done", "done"]);
  list.takePage({ cursor: "8000" }, { tasks: [task(8, "done"), task(7, "failed")] });
  expect(numbers(list.tasks("all"))).toEqual([10, 9, 8, 7]);
  expect(list.wanted("all")).toEqual([]);
});

test("a change of a task that is further back than the pages waits for its page", () => {
  const list = openTaskList();
  list.takePage({}, { tasks: [task(9, "done")], cursor: "9000" });
  list.takeChange(task(3, "running", { attempts: 2 }));
  expect(numbers(list.tasks("all"))).toEqual([9]);
  list.takePage({ cursor: "9000" }, { tasks: [task(5, "done"), task(3, "failed")] });
  expect(list.tasks("all").map((one) => one.status)).toEqual(["done", "done", "running"]);
});

test("open tasks are merged from three lists without holes", () => {
  const list = openTaskList();
  expect(list.wanted("open")).toEqual([{ status: "queued" }, { status: "delivered" }, { status: "running" }]);
  list.takePage({ status: "queued" }, { tasks: [task(9, "queued"), task(8, "queued")], cursor: "8000" });
  list.takePage({ status: "delivered" }, { tasks: [task(3, "delivered")] });
  expect(list.begun("open")).toBe(false);
  list.takePage({ status: "running" }, { tasks: [task(7, "running"), task(5, "running")], cursor: "5000" });
  // Between 8 and 7 there may be queued ones that nobody has asked for yet.
  expect(numbers(list.tasks("open"))).toEqual([9, 8]);
  expect(list.wanted("open")).toEqual([{ status: "queued", cursor: "8000" }]);
  list.takePage({ status: "queued", cursor: "8000" }, { tasks: [task(6, "queued")] });
  expect(numbers(list.tasks("open"))).toEqual([9, 8, 7, 6, 5]);
  list.takePage({ status: "running", cursor: "5000" }, { tasks: [] });
  expect(numbers(list.tasks("open"))).toEqual([9, 8, 7, 6, 5, 3]);
  list.takeChange(task(7, "done"));
  expect(numbers(list.tasks("open"))).toEqual([9, 8, 6, 5, 3]);
  expect(list.wanted("open")).toEqual([]);
});

test("a page that is slower than the feed takes nothing back, and another attempt is later than any end", () => {
  const list = openTaskList();
  const note = (text: string) => ({ progress: { note: text } });
  list.takeChange(task(2, "running", note("新")));
  list.takeChange(task(1, "queued", { attempts: 2 }));
  list.takePage({}, { tasks: [task(2, "running", note("旧")), task(1, "failed")] });
  expect(list.tasks("all").map((one) => [one.status, one.progress?.note])).toEqual([
    ["running", "新"],
    ["queued", undefined],
  ]);
  list.takeChange(task(2, "running", note("更新")));
  expect(list.tasks("open")[0]?.progress?.note).toBe("更新");
  list.takeChange(task(1, "failed"));
  expect(list.tasks("failed")).toEqual([]);
});

test("what all tasks have told is known of each filter, too", () => {
  const list = openTaskList();
  list.takePage({}, { tasks: [task(9, "done"), task(8, "failed")], cursor: "8000" });
  expect(numbers(list.tasks("done"))).toEqual([9]);
  expect(list.wanted("done")).toEqual([{ status: "done" }]);
  list.takePage({ cursor: "8000" }, { tasks: [task(1, "done")] });
  expect(numbers(list.tasks("done"))).toEqual([9, 1]);
  expect(list.wanted("done")).toEqual([]);
});

test("an empty page that is not the last is read past", () => {
  const list = openTaskList();
  list.takePage({ status: "failed" }, { tasks: [], cursor: "5000" });
  expect([list.begun("failed"), list.wanted("failed")]).toEqual([
    false,
    [{ status: "failed", cursor: "5000" }],
  ]);
  list.takePage({ status: "failed", cursor: "5000" }, { tasks: [] });
  expect([list.begun("failed"), list.tasks("failed"), list.wanted("failed")]).toEqual([true, [], []]);
});
