import type { JobStatus } from "../../../src/contract/job";
import type { Task, TaskPage } from "../../../src/contract/task";

/** What a person looks for; `open` is all that has not ended. */
export type TaskFilter = "all" | "open" | "done" | "failed" | "cancelled";

/** One page to ask the gateway for. Without a status: of all tasks; without a cursor: the newest. */
export interface PageRequest {
  readonly status?: JobStatus;
  readonly cursor?: string;
}

/**
 * Tasks as they are now: from pages of several lists of the gateway, and from the feed. The gateway lists all tasks, or
 * those of one status; `open` is merged from three of its lists.
 */
export interface TaskList {
  /** The filter's tasks, newest first and without holes: only so far back as all of its lists have been read. */
  tasks(filter: TaskFilter): Task[];
  /** Whether anything is known of what the filter holds. */
  begun(filter: TaskFilter): boolean;
  /** What has to be asked for to know the filter further back; empty at the end. */
  wanted(filter: TaskFilter): PageRequest[];
  takePage(request: PageRequest, page: TaskPage): void;
  /** Something has happened to a task: it is as the feed says. */
  takeChange(task: Task): void;
}

const STATUSES = {
  all: [undefined],
  open: ["queued", "delivered", "running"],
  done: ["done"],
  failed: ["failed"],
  cancelled: ["cancelled"],
} as const satisfies Record<TaskFilter, readonly (JobStatus | undefined)[]>;

/** How far one of the gateway's lists has been read: to `oldest` (ms since 1970; endless before its first page). */
interface Source {
  readonly status: JobStatus | undefined;
  readonly cursor?: string;
  readonly oldest: number;
}

export function openTaskList(): TaskList {
  const known = new Map<string, Task>();
  const sources = new Map<JobStatus | undefined, Source>();

  function sourcesOf(filter: TaskFilter): Source[] {
    return STATUSES[filter].map((status) => sources.get(status) ?? { status, oldest: Infinity });
  }

  /** All of the filter's tasks made since then are known. What all tasks have told counts, too. */
  function knownSince(filter: TaskFilter): number {
    const own = Math.max(...sourcesOf(filter).map((source) => source.oldest));
    return Math.min(own, sources.get(undefined)?.oldest ?? Infinity);
  }

  return {
    tasks(filter) {
      const since = knownSince(filter);
      const shown = [...known.values()].filter((task) => belongs(task, filter) && task.createdAt >= since);
      return shown.sort((a, b) => b.createdAt - a.createdAt || b.number - a.number);
    },
    begun: (filter) => knownSince(filter) < Infinity,
    wanted(filter) {
      const since = knownSince(filter);
      if (since === -Infinity) return [];
      const nearest = sourcesOf(filter).filter((source) => source.oldest >= since);
      return nearest.map(requestOf);
    },
    takePage({ status }, { tasks, cursor }) {
      for (const task of tasks) {
        const before = known.get(task.id);
        // The feed may have been faster than the page; in a tie it was.
        if (before === undefined || isLater(task, before)) known.set(task.id, task);
      }
      sources.set(status, readOn(sources.get(status), status, tasks, cursor));
    },
    takeChange(task) {
      const before = known.get(task.id);
      if (before === undefined || !isLater(before, task)) known.set(task.id, task);
    },
  };
}

/** Whether a task is among those that the filter shows. */
export function belongs({ status }: Task, filter: TaskFilter): boolean {
  return STATUSES[filter].some((one) => one === undefined || one === status);
}

function requestOf({ status, cursor }: Source): PageRequest {
  return { ...(status !== undefined && { status }), ...(cursor !== undefined && { cursor }) };
}

function readOn(
  before: Source | undefined,
  status: JobStatus | undefined,
  tasks: readonly Task[],
  cursor: string | undefined,
): Source {
  if (cursor === undefined) return { status, oldest: -Infinity };
  // A page may be empty although older ones are not: what it held has gone on to another list.
  const times = tasks.map((task) => task.createdAt);
  return { status, cursor, oldest: Math.min(before?.oldest ?? Infinity, ...times) };
}

const RANKS: Record<JobStatus, number> = {
  queued: 0,
  delivered: 1,
  running: 2,
  done: 3,
  failed: 3,
  cancelled: 3,
};

/** Whether `a` tells of a later moment of the same task than `b`. */
export function isLater(a: Task, b: Task): boolean {
  return a.attempts !== b.attempts ? a.attempts > b.attempts : RANKS[a.status] > RANKS[b.status];
}
