import type { FeedEvent } from "../src/contract/feed.ts";
import { AGAIN_MS, isLostSocket } from "./lost-socket.ts";
import type { UserClient } from "./system.ts";

/** A user's feed as one of their devices sees it. */
export interface WatchedFeed {
  events: FeedEvent[];
  /** Of what the feed keeps: an agent's presence comes under the id of what came before it. */
  ids: string[];
  /** What became of a job, in order. */
  statuses(jobId: string): string[];
  stop(): void;
}

/** Resolves when the feed is open: what happens from now on is seen. */
export async function watchFeed(
  client: UserClient,
  lastEventId?: string,
  onEvent?: (event: FeedEvent) => void,
): Promise<WatchedFeed> {
  const events: FeedEvent[] = [];
  const ids: string[] = [];
  const { promise: open, resolve, reject } = Promise.withResolvers<void>();
  let last = lastEventId;
  let stopped = false;
  let subscription: { unsubscribe(): void } | undefined;
  const subscribe = () => {
    if (stopped) return;
    subscription = client.api.feed.subscribe(last === undefined ? undefined : { lastEventId: last }, {
      onStarted: () => resolve(),
      onData({ id, data }) {
        last = id;
        if (data.t !== "agent") ids.push(id);
        events.push(data);
        onEvent?.(data);
      },
      onError: (error) => (isLostSocket(error) ? void setTimeout(subscribe, AGAIN_MS) : reject(error)),
    });
  };
  subscribe();
  await open;
  return {
    events,
    ids,
    statuses: (jobId) =>
      events.flatMap((event) => (event.t === "job" && event.job.jobId === jobId ? [event.job.status] : [])),
    stop() {
      stopped = true;
      subscription?.unsubscribe();
    },
  };
}
