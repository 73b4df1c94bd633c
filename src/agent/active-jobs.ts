import { setImmediate as nextTurn } from "node:timers/promises";
import { pause } from "../backoff.ts";
import type { Job, Order } from "../contract/job.ts";
import type { ReplyEvent, TerminalEvent } from "../contract/reply-event.ts";
import type { Logger } from "../log.ts";
import { type Bell, openBell } from "./bell.ts";
import { type JobLog, openJobLog } from "./job-log.ts";
import type { Link } from "./link/link.ts";
import { type RunContext, runJob } from "./run-job.ts";
import { openScheduler } from "./scheduler.ts";
import { disown } from "./disown.ts";
import { shipEvents } from "./ship-events.ts";
import type { JobStore, KnownEnd, UnsettledJob } from "./store/job-store.ts";
import { nothingSaid, saidSoFar } from "./store/said-so-far.ts";

/** How long a settled job's events are kept: longer than a gateway's Redis can forget. */
const KEEP_SETTLED_MS = 60_000;
/** How often a task may be running when the process dies: perhaps the task is why. */
const MAX_DEATHS = 1;
const INTERRUPTED: TerminalEvent = {
  t: "failed",
  code: "interrupted",
  message: "任务执行时智能体意外重启了两次，没有再自动重来，请重试",
};
/**
 * That a turn has begun is told this much later: the request to the model server comes first, and somebody waits for
 * it. Both at once would make each other slower.
 */
const REQUEST_FIRST_MS = 2;
const GAVE_WAY: ReplyEvent = { t: "progress", note: "先让对话回答，空闲后重新开始" };

/** The jobs this agent answers for: taken, run, and sent to the gateway until it has acknowledged their end. */
export interface ActiveJobs {
  /** Takes an order into custody (on disk when it returns) and acts on it. */
  take(order: Order): void;
  /** Ends jobs that are to be cancelled (the store knows) and have not ended yet. */
  end(jobIds: readonly string[]): void;
  /** Takes up what an earlier process left: what has ended is sent, the rest can be cancelled and waits for `resume`. */
  takeUp(): void;
  /** Goes on with it. */
  resume(): void;
  /** After the link came back: offers again what a gateway that lost its last moments may lack. */
  offerAgain(): void;
  /** The number of slots may have changed. */
  wake(): void;
  counts(): { running: number; waiting: number };
  /** Stops running and sending; what is not settled goes on at the next start. */
  stop(): Promise<void>;
}

interface ActiveJob {
  log: JobLog;
  added: Bell;
  /** Aborts the run: the user cancelled, or the gateway wants no more of it. */
  ending: AbortController;
}

export function openActiveJobs(options: {
  store: JobStore;
  run: RunContext;
  slots: () => number;
  tasksPerUser: number;
  link: () => Link;
  log: Logger;
  /** The counts have changed. */
  onChange: () => void;
  /** The disk refuses what happens to a job: there is no going on. */
  onFailure: (error: unknown) => void;
}): ActiveJobs {
  const { store, run, link, log: logger, onChange, onFailure } = options;
  const stopping = new AbortController();
  const active = new Map<string, ActiveJob>();
  const shipping = new Set<Promise<void>>();
  const scheduler = openScheduler<ActiveJob>({
    slots: options.slots,
    tasksPerUser: options.tasksPerUser,
    kind: ({ log }) => log.job.kind,
    user: ({ log }) => store.personOf(log.job.userId),
    lane: ({ log }) => log.job.conversationId,
    run: (one, giveWay) => runOne(one, giveWay).catch(failed),
  });

  function failed(error: unknown): "ended" {
    onFailure(error);
    return "ended";
  }

  async function runOne({ log, ending }: ActiveJob, giveWay: AbortSignal): Promise<"ended" | "gave-way"> {
    const { job } = log;
    const isTask = job.kind === "task";
    onChange();
    log.begin();
    if (isTask) store.begin(job.id);
    const signal = AbortSignal.any([stopping.signal, ending.signal, giveWay]);
    await runJob(job, run, (event) => log.add(event), signal);
    if (ending.signal.aborted && !log.ended()) log.add({ t: "cancelled" });
    onChange();
    if (log.ended()) return "ended";
    if (isTask) store.letGo(job.id);
    if (stopping.signal.aborted) return "ended";
    log.add(GAVE_WAY);
    return "gave-way";
  }

  /** Follows a job to its end. */
  function start(from: UnsettledJob, { known, held }: { known?: KnownEnd; held?: true } = {}): void {
    const { job, ended, nextEvent } = from;
    const added = openBell();
    const said = known?.said ?? (ended || nextEvent === 0 ? nothingSaid() : saidSoFar(eventsOf(job.id)));
    const log = openJobLog({
      store,
      job,
      next: nextEvent,
      ended,
      said,
      onAdded: () => added.ring(),
      onFailure,
    });
    const one: ActiveJob = { log, added, ending: new AbortController() };
    active.set(job.id, one);
    const end = known?.end ?? endWithoutRun(from);
    if (!ended && end) log.add(end);
    else if (!ended) (held ? scheduler.addHeld : scheduler.add)(one);
    ship(one, 0);
    onChange();
  }

  function endWithoutRun({ job, cancelled, begun }: UnsettledJob): TerminalEvent | undefined {
    if (cancelled) return { t: "cancelled" };
    return job.kind === "task" && begun > MAX_DEATHS ? INTERRUPTED : undefined;
  }

  function eventsOf(jobId: string): ReplyEvent[] {
    return store.outbox(jobId, 0).flatMap(({ events }) => events);
  }

  function ship(one: ActiveJob, from: number): void {
    const { log, added } = one;
    const isTurn = log.job.kind === "turn";
    const done = (isTurn ? pause(REQUEST_FIRST_MS, stopping.signal) : nextTurn())
      .then(() =>
        shipEvents({
          log,
          from,
          link: link(),
          added,
          logger,
          signal: stopping.signal,
          onClosed: () => end(one),
        }),
      )
      .then((outcome) => {
        if (outcome === "stopped") return;
        store.settle(log.job.id);
        active.delete(log.job.id);
        store.forgetSettled(Date.now() - KEEP_SETTLED_MS);
      })
      .catch((error: unknown) => logger.error("发送回答时出错，重启后继续", { jobId: log.job.id, error }))
      .finally(() => shipping.delete(done));
    shipping.add(done);
  }

  /** The gateway asks for a job that is settled here: its Redis has lost the end (a wipe, an old backup). */
  function answerAgain(job: Job): void {
    const known = store.reopen(job.id);
    if (known) start({ job, ended: false, nextEvent: 0, cancelled: false, begun: 0 }, { known });
  }

  /** Whether its request to the model server may leave before the job is on the disk. */
  function canBeginFirst(job: Job): boolean {
    const isTurn = job.kind === "turn" && job.replaces === undefined;
    return isTurn && !store.isKnown(job.id) && run.conversations.admits(job);
  }

  function cancel(jobId: string): void {
    const one = active.get(jobId);
    if (one) end(one);
    else if (!store.isKnown(jobId)) disown({ jobId, link: link(), signal: stopping.signal, logger });
  }

  function end(one: ActiveJob): void {
    if (one.log.ended()) return;
    one.ending.abort();
    // A running job says so itself once the model server has let go of it.
    if (scheduler.remove(one)) one.log.add({ t: "cancelled" });
    onChange();
  }

  return {
    take(order) {
      // An early order comes once more, while somebody waits for the first words.
      if (order.t === "run" && active.has(order.job.id)) return;
      if (order.t === "run" && canBeginFirst(order.job)) {
        // In one turn of the event loop, and the gateway keeps the order: to write first would only cost its user time.
        start({ job: order.job, ended: false, nextEvent: 0, cancelled: false, begun: 0 });
        store.take(order);
        return;
      }
      const job = store.take(order);
      if (job) start({ job, ended: false, nextEvent: 0, cancelled: store.isCancelled(job.id), begun: 0 });
      else if (order.t === "cancel") cancel(order.jobId);
      else if (order.t === "run") answerAgain(order.job);
    },
    end(jobIds) {
      for (const jobId of jobIds) {
        const one = active.get(jobId);
        if (one) end(one);
      }
    },
    takeUp() {
      for (const job of store.unsettled()) start(job, { held: true });
    },
    resume: () => scheduler.release(),
    offerAgain() {
      for (const { job, nextEvent } of store.recentlySettled(Date.now() - KEEP_SETTLED_MS)) {
        if (active.has(job.id)) continue;
        const log = openJobLog({ store, job, next: nextEvent, ended: true, onAdded: () => {}, onFailure });
        const one: ActiveJob = { log, added: openBell(), ending: new AbortController() };
        active.set(job.id, one);
        ship(one, Math.max(0, nextEvent - 1));
      }
    },
    wake: () => scheduler.wake(),
    counts: () => scheduler.counts(),
    async stop() {
      stopping.abort();
      await scheduler.stop();
      await Promise.all(shipping);
      for (const { log } of active.values()) log.flush();
    },
  };
}
