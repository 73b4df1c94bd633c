import type { TRPCClient } from "@trpc/client";
import type { FeedEvent } from "../../../src/contract/feed";
import type { TerminalEvent } from "../../../src/contract/reply-event";
import type { Progress, Task, TaskDetail } from "../../../src/contract/task";
import type { UserRouter } from "../../../src/contract/user-api";
import type { JobEvents } from "../connection/follow-job";
import { followAttempt } from "./follow-attempt";
import { isLater } from "./task-list";
import { isOpen } from "./task-text";

/** One task as it is now, with the text of its newest attempt as that grows. */
export interface TaskWatch {
  /** Undefined until it has been loaded. */
  readonly detail: TaskDetail | undefined;
  /** Of the newest attempt, as far as it is known. */
  readonly result: string;
  /** Whether that is a beginning only: the agent has the rest, and does not answer. */
  readonly cut: boolean;
  /** Reads it, again. Rejects as a call does; what was known stays. */
  load(): Promise<void>;
  /** Takes what a call has answered of the task, as if the feed had told of it. */
  take(task: Task): void;
  close(): void;
}

export interface TaskWatchParts {
  readonly id: string;
  readonly get: TRPCClient<UserRouter>["task"]["get"];
  readonly events: JobEvents;
  listen(listener: (event: FeedEvent) => void): () => void;
  /** Anything but the text has changed. */
  changed(): void;
  /** The result has grown, or begun again: at most every 80 ms. */
  grown(): void;
}

export function openTaskWatch({ id, get, events, listen, changed, grown }: TaskWatchParts): TaskWatch {
  let detail: TaskDetail | undefined;
  /** What the feed told last before there was a detail: the call may have been answered before that. */
  let heard: Task | undefined;
  let result = "";
  let following: { readonly jobId: string; stop(): void } | undefined;
  /** The attempt whose last event has been seen: of its result nothing is missing. */
  let heardOut = "";
  let closed = false;

  function become(task: Task, kept: Pick<TaskDetail, "prompt" | "history" | "fromCache">): void {
    const before = detail?.jobId;
    const { prompt, history, fromCache } = kept;
    detail = { ...task, ...(prompt !== undefined && { prompt }), history, fromCache };
    if (before !== undefined && before !== task.jobId) result = "";
  }

  function follow({ jobId, status }: Task): void {
    if (!isOpen(status) || following?.jobId === jobId || heardOut === jobId) return;
    following?.stop();
    const stop = followAttempt(events, jobId, {
      text(text) {
        result = text;
        grown();
      },
      progress: (progress) => advance(jobId, progress),
      ended: (event) => end(jobId, event),
    });
    following = { jobId, stop };
  }

  function advance(jobId: string, progress: Progress): void {
    if (detail?.jobId !== jobId || !isOpen(detail.status)) return;
    detail = { ...detail, status: "running", progress };
    changed();
  }

  function end(jobId: string, event: TerminalEvent): void {
    heardOut = jobId;
    following = undefined;
    if (detail?.jobId !== jobId) return;
    const failure = event.t === "failed" ? { failure: { code: event.code, message: event.message } } : {};
    detail = { ...detail, status: event.t, ...failure };
    changed();
    // The text is the same, but no longer growing.
    grown();
    loadQuietly();
  }

  /** For times and earlier attempts; what matters is there already. */
  function loadQuietly(): void {
    load().catch(() => undefined);
  }

  async function load(): Promise<void> {
    const got = await get.query({ id });
    if (closed) return;
    become(detail !== undefined && isLater(detail, got) ? detail : got, got);
    if (detail) resultOf(detail);
    changed();
    const early = heard;
    heard = undefined;
    if (early && isLater(early, got)) take(early);
  }

  function resultOf(task: TaskDetail): void {
    follow(task);
    if (following?.jobId === task.jobId || heardOut === task.jobId) return;
    result = task.history.find(({ jobId }) => jobId === task.jobId)?.result ?? "";
    grown();
  }

  function take(task: Task): void {
    if (task.id !== id) return;
    if (detail === undefined) heard = task;
    if (detail === undefined || isLater(detail, task)) return;
    const { jobId, status } = detail;
    become(task, detail);
    follow(task);
    if (jobId !== task.jobId) grown();
    changed();
    // Another attempt, or an end that nobody followed: the rest has to be asked for.
    const ended = isOpen(status) && !isOpen(task.status) && following?.jobId !== task.jobId;
    if (jobId !== task.jobId || (ended && heardOut !== task.jobId)) loadQuietly();
  }

  const stopListening = listen((event) => {
    if (event.t === "task") take(event.task);
  });

  return {
    get detail() {
      return detail;
    },
    get result() {
      return result;
    },
    get cut() {
      if (detail === undefined || isOpen(detail.status)) return false;
      return detail.fromCache && heardOut !== detail.jobId;
    },
    load,
    take,
    close() {
      closed = true;
      following?.stop();
      stopListening();
    },
  };
}
