import type { TRPCClient } from "@trpc/client";
import type { ReplyEvent, TerminalEvent } from "../../src/contract/reply-event";
import type { Progress } from "../../src/contract/task";
import type { UserRouter } from "../../src/contract/user-api";
import { isPassing } from "./error-text";
import { isTerminal } from "./reply-end";

/** Fast enough to read along, slow enough for an old phone. */
const BATCH_MS = 80;
const AGAIN_MS = 3_000;

export interface AttemptWatcher {
  /** All of the text so far; not more often than every 80 ms. */
  text(text: string): void;
  progress(progress: Progress): void;
  /** Once, after the last text. `text` is all that there is of the result. */
  ended(event: TerminalEvent, text: string): void;
}

/** Follows a job of a task from its first event to its last. Returns a function that ends it early. */
export function followAttempt(
  events: Pick<TRPCClient<UserRouter>["job"]["events"], "subscribe">,
  jobId: string,
  watcher: AttemptWatcher,
  { batchMs = BATCH_MS, againMs = AGAIN_MS }: { batchMs?: number; againMs?: number } = {},
): () => void {
  let text = "";
  let lastEventId: string | undefined;
  let stopped = false;
  let flush: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let subscription: { unsubscribe(): void } | undefined;

  function tell(): void {
    if (flush !== undefined) clearTimeout(flush);
    flush = undefined;
    watcher.text(text);
  }

  function grow(to: string): void {
    text = to;
    flush ??= setTimeout(tell, batchMs);
  }

  function take(event: ReplyEvent): void {
    if (event.t === "delta") return grow(text + event.text);
    if (event.t === "reset") return grow("");
    if (event.t === "progress") {
      const { note, percent } = event;
      return watcher.progress(percent === undefined ? { note } : { note, percent });
    }
    if (isTerminal(event)) end(event);
  }

  function end(event: TerminalEvent): void {
    if (event.t === "done") text = event.text;
    tell();
    stop();
    watcher.ended(event, text);
  }

  function subscribe(): void {
    const input = lastEventId === undefined ? { jobId } : { jobId, lastEventId };
    subscription = events.subscribe(input, {
      onData({ id, data }) {
        lastEventId = id;
        for (const event of data) if (!stopped) take(event);
      },
      // What is gone for good, the page says by itself: it has asked for the task.
      onError(error) {
        if (!stopped && isPassing(error)) again = setTimeout(subscribe, againMs);
      },
    });
  }

  function stop(): void {
    stopped = true;
    for (const timer of [flush, again]) if (timer !== undefined) clearTimeout(timer);
    subscription?.unsubscribe();
  }

  subscribe();
  return stop;
}
