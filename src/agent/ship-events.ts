import { TRPCClientError } from "@trpc/client";
import { backoffMs, pause } from "../backoff.ts";
import { MAX_PUSH_EVENTS, type LinkRouter } from "../contract/link-api.ts";
import type { Logger } from "../log.ts";
import type { Bell } from "./bell.ts";
import type { JobLog } from "./job-log.ts";
import type { Link } from "./link/link.ts";

const RETRY = { firstMs: 50, maxMs: 2_000 };
/** A gateway that does not know a job may just be writing it anew after a loss; after this long it never will. */
const UNKNOWN_JOB_GRACE_MS = 60_000;

/**
 * Sends a job's events from number `from` until the gateway has acknowledged the terminal one: one push in flight, and
 * whatever comes meanwhile goes with the next. Repeating is safe: the gateway keeps each number once.
 *
 * @returns `settled`: the gateway has it all, or wants no more of it; `stopped`: the signal aborted
 */
export async function shipEvents(options: {
  log: JobLog;
  from: number;
  link: Link;
  added: Bell;
  /** The gateway has ended the job by itself. */
  onClosed: () => void;
  logger: Logger;
  signal: AbortSignal;
}): Promise<"settled" | "stopped"> {
  const { log, link, added, onClosed, logger, signal } = options;
  const jobId = log.job.id;
  let next = options.from;
  let failures = 0;
  let unknownSince: number | undefined;

  while (!signal.aborted) {
    const events = log.read(next, MAX_PUSH_EVENTS);
    if (events.length === 0) {
      // What the gateway asks for was lost here, or it has kept more than an answer told again has: what there is gets the
      // numbers that it waits for.
      if (next !== log.next()) log.moveTo(next);
      else await added.wait(signal);
      continue;
    }
    try {
      const result = await link.gateway.push.mutate(
        { jobId, writer: log.writer(), from: next, events },
        { signal: link.requestSignal() },
      );
      failures = 0;
      unknownSince = undefined;
      next = result.next;
      if (result.ahead) log.moveTo(next);
      else log.forget(next);
      if (!result.closed) continue;
      return await endedByGateway();
    } catch (error) {
      if (signal.aborted) break;
      if (isUnknownJob(error)) {
        unknownSince ??= performance.now();
        if (performance.now() - unknownSince > UNKNOWN_JOB_GRACE_MS) {
          logger.error("网关不认识这个任务，放弃发送它的回答", { jobId });
          return await endedByGateway();
        }
      }
      await pause(backoffMs(failures++, RETRY), signal);
    }
  }
  return "stopped";

  /** Only a job that has ended here, too, may be settled: its run would write on. */
  async function endedByGateway(): Promise<"settled" | "stopped"> {
    if (!log.ended()) onClosed();
    while (!log.ended()) {
      if (signal.aborted) return "stopped";
      await added.wait(signal);
    }
    return "settled";
  }
}

function isUnknownJob(error: unknown): boolean {
  return (
    error instanceof TRPCClientError && (error as TRPCClientError<LinkRouter>).data?.reason === "not-found"
  );
}
