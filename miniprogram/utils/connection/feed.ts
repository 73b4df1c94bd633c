import type { TRPCClient } from "@trpc/client";
import type { FeedEvent } from "../../../src/contract/feed";
import type { UserRouter } from "../../../src/contract/user-api";
import { backoffMs } from "../backoff";
import { openListeners } from "../listeners";

/** What happens on any device of the user. */
export interface Feed {
  /** Each event once, in order. Returns a function that ends it. */
  listen(listener: (event: FeedEvent) => void): () => void;
  /** Told when events may be missing all the same, and the feed runs again: what is asked from then on is up to date. */
  onGap(listener: () => void): () => void;
  /** Begins anew, with a gap: whoever is signed in now may be somebody else. */
  restart(): void;
  close(): void;
}

/**
 * @param onRunning told when the gateway has taken the subscription, also after each break: what is asked from then on
 *   misses nothing
 */
export function openFeed(api: Pick<TRPCClient<UserRouter>, "feed">, onRunning: () => void): Feed {
  const events = openListeners<FeedEvent>();
  const gaps = openListeners<undefined>();
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isFirst = true;
  let stop = begin();

  function begin(): () => void {
    let isNew = true;
    const subscription = api.feed.subscribe(undefined, {
      onStarted() {
        onRunning();
        if (isNew && !isFirst) gaps.tell(undefined);
        isNew = false;
        isFirst = false;
      },
      onData({ data }) {
        failures = 0;
        if (data.t !== "ready") events.tell(data);
      },
      onError: againLater,
      onComplete: againLater,
    });
    return () => subscription.unsubscribe();
  }
  /** Where it stood is worth nothing any more: that may be just why it failed. */
  function againLater(): void {
    if (timer !== undefined) clearTimeout(timer);
    timer = setTimeout(restart, backoffMs(failures++));
  }
  function restart(): void {
    stop();
    stop = begin();
  }

  return {
    listen: events.add,
    onGap: gaps.add,
    restart,
    close() {
      stop();
      if (timer !== undefined) clearTimeout(timer);
    },
  };
}
