/** Runs jobs: at most `slots` at once, in order of arrival, one at a time per conversation. */
export interface Scheduler<J> {
  add(job: J): void;
  /** Takes a waiting job out; false when it is not waiting (any more). */
  remove(matches: (job: J) => boolean): boolean;
  /** The number of slots may have changed. */
  wake(): void;
  counts(): { running: number; waiting: number };
  /** Starts nothing more and resolves when nothing runs. */
  stop(): Promise<void>;
}

export function openScheduler<J>(options: {
  slots: () => number;
  /** Jobs of one lane never run at the same time. */
  lane: (job: J) => string;
  /** Must not reject. The slot is free when it resolves. */
  run: (job: J) => Promise<void>;
}): Scheduler<J> {
  const { slots, lane, run } = options;
  const waiting: J[] = [];
  const busyLanes = new Set<string>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  function wake(): void {
    while (running.size < slots()) {
      if (stopped) return;
      const at = waiting.findIndex((job) => !busyLanes.has(lane(job)));
      const [job] = at === -1 ? [] : waiting.splice(at, 1);
      if (job === undefined) return;
      start(job);
    }
  }

  function start(job: J): void {
    busyLanes.add(lane(job));
    const done = run(job).finally(() => {
      busyLanes.delete(lane(job));
      running.delete(done);
      wake();
    });
    running.add(done);
  }

  return {
    wake,
    add(job) {
      waiting.push(job);
      wake();
    },
    remove(matches) {
      const at = waiting.findIndex(matches);
      if (at !== -1) waiting.splice(at, 1);
      return at !== -1;
    },
    counts: () => ({ running: running.size, waiting: waiting.length }),
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
