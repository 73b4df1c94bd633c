import type { TRPCClient } from "@trpc/client";
import type { FeedEvent } from "../../../src/contract/feed";
import type { Task } from "../../../src/contract/task";
import type { UserRouter } from "../../../src/contract/user-api";
import { openTaskList, type PageRequest, type TaskFilter, type TaskList } from "./task-list";

/** The user's tasks, read page by page and kept as they are now. */
export interface TaskPages {
  tasks(filter: TaskFilter): Task[];
  begun(filter: TaskFilter): boolean;
  /** Whether there may be older ones. */
  more(filter: TaskFilter): boolean;
  /** Reads on until the filter has another task, or its end. Rejects as a call does; then nothing is lost. */
  load(filter: TaskFilter): Promise<void>;
  /** Reads anew from the beginning; until that is there, the old ones stay. */
  refresh(filter: TaskFilter): Promise<void>;
  /** Takes a task that a call has answered, as if the feed had told of it. */
  take(task: Task): void;
  close(): void;
}

export interface TaskPagesParts {
  readonly list: TRPCClient<UserRouter>["task"]["list"];
  listen(listener: (event: FeedEvent) => void): () => void;
  /** Called after each change, whatever it came from. */
  changed(): void;
  /** Tasks a page, 1–50. */
  readonly pageSize: number;
}

export function openTaskPages({ list, listen, changed, pageSize }: TaskPagesParts): TaskPages {
  let shown = openTaskList();
  // While a new list is read, what happens must reach both.
  let next: TaskList | undefined;
  const loading = new Map<TaskFilter, Promise<void>>();

  const take = (task: Task): void => {
    shown.takeChange(task);
    next?.takeChange(task);
    changed();
  };
  const stopListening = listen((event) => {
    if (event.t === "task") take(event.task);
  });

  async function read(into: TaskList, filter: TaskFilter): Promise<void> {
    const ask = async (request: PageRequest): Promise<void> => {
      into.takePage(request, await list.query({ ...request, limit: pageSize }));
    };
    const before = into.tasks(filter).length;
    while (into.tasks(filter).length <= before) {
      const wanted = into.wanted(filter);
      if (wanted.length === 0) return;
      await Promise.all(wanted.map(ask));
    }
  }

  /** One reading of a filter at a time: who asks meanwhile waits for the same. */
  function once(filter: TaskFilter, work: () => Promise<void>): Promise<void> {
    const running = loading.get(filter);
    if (running) return running;
    const done = work().finally(() => loading.delete(filter));
    loading.set(filter, done);
    return done;
  }

  return {
    tasks: (filter) => shown.tasks(filter),
    begun: (filter) => shown.begun(filter),
    more: (filter) => shown.wanted(filter).length > 0,
    load: (filter) =>
      once(filter, async () => {
        await read(shown, filter);
        changed();
      }),
    refresh: (filter) =>
      once(filter, async () => {
        const fresh = openTaskList();
        next = fresh;
        try {
          await read(fresh, filter);
          shown = fresh;
        } finally {
          if (next === fresh) next = undefined;
        }
        changed();
      }),
    take,
    close: stopListening,
  };
}
