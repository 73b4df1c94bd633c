import type { TRPCClient } from "@trpc/client";
import type { ReplyEvent, TerminalEvent } from "../../../src/contract/reply-event";
import type { UserRouter } from "../../../src/contract/user-api";
import { backoffMs } from "../backoff";
import { refusalReason } from "../error-text";

export type JobEvents = Pick<TRPCClient<UserRouter>["job"]["events"], "subscribe">;

export interface JobObserver {
  /** What has happened, in order, each event once. Nothing comes after a terminal one. */
  events(events: readonly ReplyEvent[]): void;
  /** The gateway knows nothing (more) of the job, and nothing more comes. */
  lost(): void;
}

/**
 * Follows a job from its first event to its last. The connection's breaks are the client's to mend; whatever else ends the
 * subscription, it goes on after its last event. Returns a function that ends it early.
 */
export function followJob(source: JobEvents, jobId: string, observer: JobObserver): () => void {
  let lastEventId: string | undefined;
  let failures = 0;
  let isOver = false;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let subscription: { unsubscribe(): void } | undefined;

  function begin(): void {
    const input = lastEventId === undefined ? { jobId } : { jobId, lastEventId };
    subscription = source.subscribe(input, {
      onData({ id, data }) {
        if (isOver) return;
        lastEventId = id;
        failures = 0;
        if (data.some(isTerminal)) stop();
        observer.events(data);
      },
      onComplete: againLater,
      onError(error) {
        if (isOver) return;
        if (refusalReason(error) !== "not-found") return againLater();
        stop();
        observer.lost();
      },
    });
    // It may be over before it has been handed out.
    if (isOver) subscription.unsubscribe();
  }
  function againLater(): void {
    if (!isOver) pause = setTimeout(begin, backoffMs(failures++));
  }
  function stop(): void {
    isOver = true;
    if (pause !== undefined) clearTimeout(pause);
    subscription?.unsubscribe();
  }

  begin();
  return stop;
}

/** Whether an event is the last of its job. */
export function isTerminal(event: ReplyEvent): event is TerminalEvent {
  return event.t === "done" || event.t === "failed" || event.t === "cancelled";
}
