import type { JobKind } from "../contract/job.ts";
import { openWaitingTasks } from "./waiting-tasks.ts";

/** How often a task makes way for turns before it keeps its slot: each time it begins again from nothing. */
const MAX_TIMES_GIVING_WAY = 3;

/**
 * Runs jobs, at most `slots` at once: turns before tasks, in order of arrival; tasks fairly between users. Somebody waits
 * in front of a turn, so tasks leave one slot to turns, and with a single slot they give way to them.
 */
export interface Scheduler<J> {
  add(job: J): void;
  /** Adds a job that waits for `release`, and all later ones of its lane with it. */
  addHeld(job: J): void;
  release(): void;
  /** Takes a waiting job out; false when it is not waiting (any more). */
  remove(job: J): boolean;
  /** The number of slots may have changed. */
  wake(): void;
  counts(): { running: number; waiting: number };
  /** Starts nothing more and resolves when nothing runs. */
  stop(): Promise<void>;
}

export interface SchedulerOptions<J> {
  slots: () => number;
  /** Tasks of one user that run at once. */
  tasksPerUser: number;
  kind: (job: J) => JobKind;
  user: (job: J) => string;
  /** Jobs of one lane never run at the same time. */
  lane: (job: J) => string;
  /**
   * Must not reject. The slot is free when it resolves; a job that `gave-way` after the signal aborted waits again.
   */
  run: (job: J, giveWay: AbortSignal) => Promise<"ended" | "gave-way">;
}

interface Entry<J> {
  readonly job: J;
  readonly arrival: number;
  readonly kind: JobKind;
  readonly lane: string;
  readonly user: string;
  timesGivenWay: number;
}

interface Running<J> {
  readonly entry: Entry<J>;
  readonly giveWay: AbortController;
  readonly done: Promise<void>;
}

export function openScheduler<J>(options: SchedulerOptions<J>): Scheduler<J> {
  const { slots, tasksPerUser, run } = options;
  const turns: Entry<J>[] = [];
  const tasks = openWaitingTasks<Entry<J>>();
  const running = new Map<Entry<J>, Running<J>>();
  const busyLanes = new Set<string>();
  const heldLanes = new Set<string>();
  let arrivals = 0;
  let stopped = false;

  const isReady = ({ lane }: Entry<J>) => !busyLanes.has(lane) && !heldLanes.has(lane);
  const runningTasks = () => [...running.values()].filter(({ entry }) => entry.kind === "task");
  const runningOf = (user: string) => runningTasks().filter(({ entry }) => entry.user === user).length;

  function wake(): void {
    while (!stopped && running.size < slots()) {
      const next = nextTurn() ?? nextTask();
      if (!next) return;
      start(next);
    }
    if (!stopped && turns.some(isReady)) makeWay();
  }

  function queue(job: J): Entry<J> {
    const [kind, user, lane] = [options.kind(job), options.user(job), options.lane(job)];
    const entry = { job, kind, user, lane, arrival: ++arrivals, timesGivenWay: 0 };
    if (kind === "turn") turns.push(entry);
    else tasks.add(entry);
    return entry;
  }

  function nextTurn(): Entry<J> | undefined {
    const at = turns.findIndex(isReady);
    return at === -1 ? undefined : turns.splice(at, 1)[0];
  }

  function nextTask(): Entry<J> | undefined {
    const share = Math.max(1, slots() - 1);
    if (tasks.size() === 0 || runningTasks().length >= share) return undefined;
    return tasks.next({ limit: tasksPerUser, runningOf, isReady });
  }

  /** Asks the tasks that hold what belongs to turns to stop, the one begun last first: it loses least. */
  function makeWay(): void {
    const holding = runningTasks();
    const leaving = holding.filter(({ giveWay }) => giveWay.signal.aborted).length;
    const tooMany = holding.length - leaving - Math.max(0, slots() - 1);
    if (tooMany <= 0) return;
    const able = holding.filter(
      ({ entry, giveWay }) => !giveWay.signal.aborted && entry.timesGivenWay < MAX_TIMES_GIVING_WAY,
    );
    for (const { giveWay } of able.slice(-tooMany)) giveWay.abort();
  }

  function start(entry: Entry<J>): void {
    busyLanes.add(entry.lane);
    const giveWay = new AbortController();
    running.set(entry, { entry, giveWay, done: work(entry, giveWay.signal) });
  }

  async function work(entry: Entry<J>, giveWay: AbortSignal): Promise<void> {
    let outcome: Awaited<ReturnType<typeof run>> = "ended";
    try {
      outcome = await run(entry.job, giveWay);
    } finally {
      busyLanes.delete(entry.lane);
      running.delete(entry);
      if (outcome === "gave-way") {
        entry.timesGivenWay++;
        tasks.add(entry);
      }
      wake();
    }
  }

  return {
    wake,
    add(job) {
      queue(job);
      wake();
    },
    addHeld: (job) => void heldLanes.add(queue(job).lane),
    release() {
      heldLanes.clear();
      wake();
    },
    remove(job) {
      const at = turns.findIndex((entry) => entry.job === job);
      if (at === -1) return tasks.remove((entry) => entry.job === job) !== undefined;
      turns.splice(at, 1);
      return true;
    },
    counts: () => ({ running: running.size, waiting: turns.length + tasks.size() }),
    async stop() {
      stopped = true;
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
