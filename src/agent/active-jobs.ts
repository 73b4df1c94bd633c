import type { Job, Order } from "../contract/job.ts";
import type { TerminalEvent } from "../contract/reply-event.ts";
import type { Logger } from "../log.ts";
import { type Bell, openBell } from "./bell.ts";
import { type JobLog, openJobLog } from "./job-log.ts";
import type { Link } from "./link/link.ts";
import { type RunContext, runJob } from "./run-job.ts";
import { openScheduler } from "./scheduler.ts";
import { disown } from "./disown.ts";
import { shipEvents } from "./ship-events.ts";
import type { JobStore, UnsettledJob } from "./store/job-store.ts";

/** How long a settled job's events are kept: longer than a gateway's Redis can forget. */
const KEEP_SETTLED_MS = 60_000;

/** The jobs this agent answers for: taken, run, and sent to the gateway until it has acknowledged their end. */
export interface ActiveJobs {
  /** Takes an order into custody (on disk when it returns) and acts on it. */
  take(order: Order): void;
  /** Goes on with what an earlier process left. */
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
  written: Bell;
  /** Aborts the run: the user cancelled, or the gateway wants no more of it. */
  ending: AbortController;
}

export function openActiveJobs(options: {
  store: JobStore;
  run: RunContext;
  slots: () => number;
  link: () => Link;
  log: Logger;
  /** The counts have changed. */
  onChange: () => void;
}): ActiveJobs {
  const { store, run, link, log: logger, onChange } = options;
  const stopping = new AbortController();
  const active = new Map<string, ActiveJob>();
  const shipping = new Set<Promise<void>>();
  const scheduler = openScheduler<ActiveJob>({
    slots: options.slots,
    lane: ({ log }) => log.job.conversationId,
    run: runOne,
  });

  async function runOne({ log, ending }: ActiveJob): Promise<void> {
    const { job } = log;
    onChange();
    log.add({ t: "started" });
    await runJob(job, run, (event) => log.add(event), AbortSignal.any([stopping.signal, ending.signal]));
    if (ending.signal.aborted && !log.ended()) log.add({ t: "cancelled" });
    onChange();
  }

  /** Follows a job to its end. What an earlier process had said of it is taken back: a generation cannot be resumed. */
  function start({ job, ended, nextEvent, cancelled }: UnsettledJob, end?: TerminalEvent): void {
    const written = openBell();
    const log = openJobLog({ store, job, next: nextEvent, ended, onWritten: () => written.ring() });
    const one: ActiveJob = { log, written, ending: new AbortController() };
    active.set(job.id, one);
    if (!ended) {
      if (nextEvent > 0) log.add({ t: "reset" });
      const known = cancelled ? ({ t: "cancelled" } as const) : end;
      if (known) log.add(known);
      else scheduler.add(one);
    }
    ship(one, 0);
    onChange();
  }

  function ship(one: ActiveJob, from: number): void {
    const { log, written } = one;
    const done = shipEvents({
      log,
      from,
      link: link(),
      written,
      logger,
      signal: stopping.signal,
      onClosed: () => end(one),
    })
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
    const end = store.reopen(job.id);
    if (end) start({ job, ended: false, nextEvent: 0, cancelled: false }, end);
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
    if (scheduler.remove((other) => other === one)) one.log.add({ t: "cancelled" });
    onChange();
  }

  return {
    take(order) {
      const job = store.take(order);
      if (job) start({ job, ended: false, nextEvent: 0, cancelled: store.isCancelled(job.id) });
      else if (order.t === "cancel") cancel(order.jobId);
      else if (!active.has(order.job.id)) answerAgain(order.job);
    },
    resume() {
      for (const job of store.unsettled()) start(job);
    },
    offerAgain() {
      for (const { job, nextEvent } of store.recentlySettled(Date.now() - KEEP_SETTLED_MS)) {
        if (active.has(job.id)) continue;
        const log = openJobLog({ store, job, next: nextEvent, ended: true, onWritten: () => {} });
        const one: ActiveJob = { log, written: openBell(), ending: new AbortController() };
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
      // What the last runs added is written in the next turn of the event loop.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}
