import type { ReplyEvent } from "../../../src/contract/reply-event";
import { isTerminal } from "../connection/follow-job";
import type { ThreadPorts } from "./thread-ports";

/** The jobs of a conversation that have not ended. */
export interface FollowedJobs {
  /** Follows a job to its end; again is the same. */
  follow(jobId: string): void;
  forget(jobId: string): void;
  close(): void;
}

/**
 * @param on.events what has happened, in order
 * @param on.lost the gateway knows nothing (more) of a job
 */
export function openFollowedJobs(
  ports: Pick<ThreadPorts, "follow">,
  on: { events(jobId: string, events: readonly ReplyEvent[]): void; lost(jobId: string): void },
): FollowedJobs {
  const stops = new Map<string, () => void>();

  function begin(jobId: string): void {
    let isOver = false;
    const end = () => {
      isOver = true;
      stops.delete(jobId);
    };
    const stop = ports.follow(jobId, {
      events(events) {
        if (events.some(isTerminal)) end();
        on.events(jobId, events);
      },
      lost() {
        end();
        on.lost(jobId);
      },
    });
    // It may be over before it has been handed out.
    if (!isOver) stops.set(jobId, stop);
  }

  function forget(jobId: string): void {
    stops.get(jobId)?.();
    stops.delete(jobId);
  }

  return {
    follow(jobId) {
      if (!stops.has(jobId)) begin(jobId);
    },
    forget,
    close() {
      for (const jobId of stops.keys()) forget(jobId);
    },
  };
}
