import { isTerminal, type ReplyEvent } from "./reply-end";
import { refusalReason } from "./error-text";
import type { ThreadPorts } from "./thread-ports";

export interface FollowedJobs {
  /** Follows a job to its end; again is the same. */
  follow(jobId: string): void;
  forget(jobId: string): void;
  close(): void;
}

const RETRY_MS = 2000;
const MAX_RETRY_MS = 30_000;

/**
 * Keeps the events of some jobs coming, each event once.
 * @param on.events what has happened, in order
 * @param on.lost the gateway knows nothing (more) of a job
 */
export function openFollowedJobs(
  ports: Pick<ThreadPorts, "follow" | "after">,
  on: { events(jobId: string, events: readonly ReplyEvent[]): void; lost(jobId: string): void },
): FollowedJobs {
  const stops = new Map<string, () => void>();

  function begin(jobId: string, lastEventId: string | undefined, retryMs: number) {
    let seen = lastEventId;
    let over = false;
    const again = () => {
      const stop = ports.after(retryMs, () => begin(jobId, seen, Math.min(MAX_RETRY_MS, retryMs * 2)));
      stops.set(jobId, stop);
    };
    const unsubscribe = ports.follow(jobId, seen, {
      events(id, events) {
        if (over) return;
        seen = id;
        if (events.some(isTerminal)) {
          over = true;
          forget(jobId);
        }
        on.events(jobId, events);
      },
      ended(error) {
        if (over) return;
        over = true;
        if (refusalReason(error) !== "not-found") return again();
        stops.delete(jobId);
        on.lost(jobId);
      },
    });
    // It may be over before it has been handed out.
    if (over) unsubscribe();
    else stops.set(jobId, unsubscribeOnce);
    function unsubscribeOnce() {
      over = true;
      unsubscribe();
    }
  }

  function forget(jobId: string) {
    stops.get(jobId)?.();
    stops.delete(jobId);
  }

  return {
    follow(jobId) {
      if (!stops.has(jobId)) begin(jobId, undefined, RETRY_MS);
    },
    forget,
    close() {
      for (const jobId of stops.keys()) forget(jobId);
    },
  };
}
