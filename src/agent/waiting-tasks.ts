/** A task that waits for its turn. */
export interface WaitingTask {
  /** Whose it is. */
  readonly user: string;
  /** Rises with each arrival. */
  readonly arrival: number;
}

/** Tasks that wait, in one queue a user: of a thousand only the first of each queue are looked at. */
export interface WaitingTasks<T extends WaitingTask> {
  /** At its place by arrival: a task that gave way to a turn is before those that came after it. */
  add(task: T): void;
  remove(matches: (task: T) => boolean): T | undefined;
  /**
   * Takes out the task that is next: of the user with the fewest running ones; of several such, of the one who was served
   * least recently; then by arrival. A user with `limit` or more running ones has to wait.
   */
  next(options: {
    limit: number;
    runningOf: (user: string) => number;
    isReady: (task: T) => boolean;
  }): T | undefined;
  size(): number;
}

export function openWaitingTasks<T extends WaitingTask>(): WaitingTasks<T> {
  const queues = new Map<string, T[]>();
  /** When each user was served last, as a number that rises. */
  const servedAt = new Map<string, number>();
  let served = 0;

  function takeOut(user: string, queue: T[], task: T): T {
    queue.splice(queue.indexOf(task), 1);
    if (queue.length === 0) queues.delete(user);
    return task;
  }

  return {
    add(task) {
      const queue = queues.get(task.user) ?? [];
      queues.set(task.user, queue);
      const later = queue.findIndex(({ arrival }) => arrival > task.arrival);
      queue.splice(later === -1 ? queue.length : later, 0, task);
    },
    remove(matches) {
      for (const [user, queue] of queues) {
        const found = queue.find(matches);
        if (found) return takeOut(user, queue, found);
      }
      return undefined;
    },
    next({ limit, runningOf, isReady }) {
      let best: { queue: T[]; task: T; rank: readonly number[] } | undefined;
      for (const [user, queue] of queues) {
        const running = runningOf(user);
        const task = running < limit ? queue.find(isReady) : undefined;
        if (!task) continue;
        const rank = [running, servedAt.get(user) ?? 0, task.arrival];
        if (!best || isBefore(rank, best.rank)) best = { queue, task, rank };
      }
      if (!best) return undefined;
      servedAt.set(best.task.user, ++served);
      return takeOut(best.task.user, best.queue, best.task);
    },
    size: () => queues.values().reduce((sum, { length }) => sum + length, 0),
  };
}

/** By the first number in which they differ. */
function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((number, i) => number !== b[i]);
  return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0);
}
