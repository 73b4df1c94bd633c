import type { ReplyEvent } from "../src/contract/reply-event.ts";
import { isTerminal } from "../src/contract/reply-event.ts";
import { AGAIN_MS, isLostSocket } from "./lost-socket.ts";
import type { UserClient } from "./system.ts";

/** A user's subscription to a job, checked event by event. */
export interface WatchedJob {
  jobId: string;
  /** What was wrong with the order of events, if anything was. */
  faults: string[];
  events: ReplyEvent[];
  /** The text as a client shows it: deltas, begun again at each reset. */
  text(): string;
  end(): ReplyEvent | undefined;
  completed: Promise<void>;
}

/** Subscribes and checks that every event comes once and in order, over however many reconnections. */
export function watchJob(client: UserClient, jobId: string): WatchedJob {
  const events: ReplyEvent[] = [];
  const faults: string[] = [];
  const { promise: completed, resolve, reject } = Promise.withResolvers<void>();
  let last: string | undefined;
  const subscribe = () =>
    client.api.job.events.subscribe(last === undefined ? { jobId } : { jobId, lastEventId: last }, {
      onData({ id, data }) {
        last = id;
        const first = Number(id.split("-")[0]) - data.length + 1;
        data.forEach((event, i) => {
          if (events.some(isTerminal)) faults.push(`${event.t} after the end`);
          if (first + i !== events.length + 1) faults.push(`event ${first + i} after ${events.length}`);
          events.push(event);
        });
      },
      onComplete: resolve,
      onError: (error) => (isLostSocket(error) ? void setTimeout(subscribe, AGAIN_MS) : reject(error)),
    });
  subscribe();
  return {
    jobId,
    faults,
    events,
    text: () =>
      events.reduce(
        (text, event) => (event.t === "reset" ? "" : event.t === "delta" ? text + event.text : text),
        "",
      ),
    end: () => events.find(isTerminal),
    completed,
  };
}
