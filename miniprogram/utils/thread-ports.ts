import type { HistoryPage } from "../../src/contract/conversation";
import type { FeedEvent } from "../../src/contract/feed";
import type { ReplyEvent } from "../../src/contract/reply-event";
import type { CancelOutcome } from "../../src/contract/task";
import type { Cell } from "./cell";
import type { Claw, ConnectionState } from "./claw";
import type { Outbox } from "./outbox";

export interface JobObserver {
  /** `id`: where to resume after these. */
  events(id: string, events: readonly ReplyEvent[]): void;
  /** Nothing more comes; with an error: it broke off. */
  ended(error?: unknown): void;
}

/** All that a conversation needs of the rest. */
export interface ThreadPorts {
  readonly outbox: Outbox;
  readonly connection: Cell<ConnectionState>;
  history(conversationId: string, before: string | undefined): Promise<HistoryPage>;
  /** The events of a job, after `lastEventId`. Resumes by itself over breaks of the connection. */
  follow(jobId: string, lastEventId: string | undefined, observer: JobObserver): () => void;
  cancel(jobId: string): Promise<CancelOutcome>;
  listen(listener: (event: FeedEvent) => void): () => void;
  onGap(listener: () => void): () => void;
  /** Calls back after `ms`, unless the returned function is called before. */
  after(ms: number, callback: () => void): () => void;
  /** ms since 1970 */
  now(): number;
}

const PAGE_MESSAGES = 30;

export function threadPorts(claw: Claw): ThreadPorts {
  const { api, outbox, connection } = claw;
  return {
    outbox,
    connection,
    listen: claw.listen,
    onGap: claw.onGap,
    history: (conversationId, before) =>
      api.chat.history.query({
        conversationId,
        limit: PAGE_MESSAGES,
        ...(before === undefined ? {} : { before }),
      }),
    follow(jobId, lastEventId, { events, ended }) {
      const input = lastEventId === undefined ? { jobId } : { jobId, lastEventId };
      const subscription = api.job.events.subscribe(input, {
        onData: ({ id, data }) => events(id, data),
        onComplete: () => ended(),
        onError: ended,
      });
      return () => subscription.unsubscribe();
    },
    cancel: (jobId) => api.job.cancel.mutate({ jobId }),
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    now: () => Date.now(),
  };
}
