import type { ReplyEvent, TerminalEvent } from "../../../src/contract/reply-event";
import type { Progress } from "../../../src/contract/task";
import { followJob, isTerminal, type JobEvents } from "../connection/follow-job";

/** Fast enough to read along, slow enough for an old phone. */
const BATCH_MS = 80;

export interface AttemptWatcher {
  /** All of the text so far; not more often than every 80 ms. */
  text(text: string): void;
  progress(progress: Progress): void;
  /** Once, after the last text, which was all that there is of the result. */
  ended(event: TerminalEvent): void;
}

/** The text of a task's attempt as it grows, from its first event to its last. Returns a function that ends it early. */
export function followAttempt(source: JobEvents, jobId: string, watcher: AttemptWatcher): () => void {
  let text = "";
  let isOver = false;
  let batch: ReturnType<typeof setTimeout> | undefined;

  function tell(): void {
    if (batch !== undefined) clearTimeout(batch);
    batch = undefined;
    watcher.text(text);
  }
  function become(next: string): void {
    text = next;
    batch ??= setTimeout(tell, BATCH_MS);
  }
  function take(event: ReplyEvent): void {
    if (event.t === "delta") become(text + event.text);
    else if (event.t === "reset") become("");
    else if (event.t === "progress") {
      const { note, percent } = event;
      watcher.progress(percent === undefined ? { note } : { note, percent });
    } else if (isTerminal(event)) end(event);
  }
  function end(event: TerminalEvent): void {
    isOver = true;
    if (event.t === "done") text = event.text;
    tell();
    watcher.ended(event);
  }

  const stop = followJob(source, jobId, {
    events(events) {
      for (const event of events) if (!isOver) take(event);
    },
    lost() {
      // The page says it by itself: it has asked for the task.
    },
  });
  return () => {
    isOver = true;
    if (batch !== undefined) clearTimeout(batch);
    stop();
  };
}
