import { expect, test } from "bun:test";
import type { FeedEvent } from "../../../src/contract/feed.ts";
import type { Task, TaskPage } from "../../../src/contract/task.ts";
import type { PageRequest } from "./task-list";
import { openTaskPages, type TaskPagesParts } from "./task-pages";

function task(number: number, status: Task["status"]): Task {
  const [id, jobId] = [`a1.t${number}`, `a1.j${number}`];
  return {
    id,
    jobId,
    number,
    title: "t",
    status,
    agentId: "a1",
    channel: "web",
    createdAt: number,
    attempts: 1,
  };
}

/** A gateway that pages its tasks as the real one does; its answers can be held back. */
function openGateway(tasks: Task[]) {
  const listeners = new Set<(event: FeedEvent) => void>();
  const asked: PageRequest[] = [];
  const gate = { open: Promise.resolve() };
  const query = async (request: PageRequest & { limit: number }): Promise<TaskPage> => {
    asked.push(request);
    const found = tasks
      .filter((one) => request.status === undefined || one.status === request.status)
      .filter((one) => request.cursor === undefined || one.createdAt < Number(request.cursor))
      .sort((a, b) => b.createdAt - a.createdAt);
    const page = found.slice(0, request.limit);
    const last = page.at(-1);
    await gate.open;
    return { tasks: page, ...(found.length > page.length && last && { cursor: String(last.createdAt) }) };
  };
  return {
    asked,
    gate,
    list: { query } as unknown as TaskPagesParts["list"],
    listeners,
    listen(listener: (event: FeedEvent) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell: (one: Task) => listeners.forEach((listener) => listener({ t: "task", task: one })),
  };
}
function open(tasks: Task[], pageSize = 2) {
  const gateway = openGateway(tasks);
  const seen = { changes: 0 };
  const pages = openTaskPages({ ...gateway, pageSize, changed: () => seen.changes++ });
  const numbers = (filter: Parameters<typeof pages.tasks>[0]) => pages.tasks(filter).map((one) => one.number);
  return { ...gateway, pages, numbers, seen };
}

test("reads on page by page to the end, for all tasks and for open ones", async () => {
  const tasks = [1, 2, 3, 4, 5, 6].map((n) => task(n, n % 2 ? "running" : "queued"));
  const { pages, numbers } = open([...tasks, task(7, "done")]);
  await pages.load("all");
  expect([numbers("all"), pages.more("all")]).toEqual([[7, 6], true]);
  for (const last of [4, 2, 1]) {
    await pages.load("all");
    expect(numbers("all").at(-1)).toBe(last);
  }
  expect(pages.more("all")).toBe(false);

  const other = open([...tasks, task(7, "done")]);
  while (other.pages.more("open")) await other.pages.load("open");
  expect(other.numbers("open")).toEqual([6, 5, 4, 3, 2, 1]);
});

test("goes on asking while a page brings nothing new", async () => {
  const { pages, numbers } = open([task(1, "done"), task(2, "done"), task(3, "done"), task(4, "failed")]);
  await pages.load("all");
  await pages.load("all");
  expect(numbers("done")).toEqual([3, 2, 1]);
  const before = open([
    task(1, "done"),
    task(2, "done"),
    task(3, "done"),
    task(4, "done"),
    task(5, "failed"),
  ]);
  await before.pages.load("all");
  await before.pages.load("all");
  // 4, 3 and 2 are known from the list of all; the first page of the done ones alone would add nothing.
  expect(before.numbers("done")).toEqual([4, 3, 2]);
  await before.pages.load("done");
  expect(before.numbers("done")).toEqual([4, 3, 2, 1]);
});

test("who asks twice asks the gateway once", async () => {
  const { pages, asked } = open([task(1, "done")]);
  await Promise.all([pages.load("all"), pages.load("all"), pages.refresh("all")]);
  expect(asked.length).toBe(1);
});

test("what the feed says while a page is on its way is not lost", async () => {
  const { pages, numbers, gate, tell, seen } = open([task(1, "running")], 20);
  const opener = Promise.withResolvers<void>();
  await pages.load("all");
  gate.open = opener.promise;
  const refreshed = pages.refresh("all");
  tell(task(1, "done"));
  tell(task(2, "queued"));
  expect(numbers("all")).toEqual([2, 1]);
  opener.resolve();
  await refreshed;
  expect(numbers("all")).toEqual([2, 1]);
  expect(pages.tasks("all")[1]?.status).toBe("done");
  expect(seen.changes).toBe(4);
});

test("a reading that fails leaves what was there, and can be repeated", async () => {
  const { pages, numbers, gate } = open([task(1, "done")]);
  await pages.load("all");
  gate.open = Promise.reject(new Error("no answer"));
  const failure = await pages.refresh("all").catch((error: Error) => error.message);
  expect(failure).toBe("no answer");
  expect(numbers("all")).toEqual([1]);
  gate.open = Promise.resolve();
  await pages.refresh("all");
  expect(numbers("all")).toEqual([1]);
});

test("stops listening when it is closed", () => {
  const { pages, listeners } = open([]);
  expect(listeners.size).toBe(1);
  pages.close();
  expect(listeners.size).toBe(0);
});
