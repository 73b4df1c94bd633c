import type { HistoryPage } from "../../../src/contract/conversation";
import type { FeedEvent } from "../../../src/contract/feed";
import type { CancelOutcome } from "../../../src/contract/task";
import type { Cell } from "../cell";
import type { Claw } from "../claw";
import type { ConnectionState } from "../connection/connection-state";
import { followJob, type JobObserver } from "../connection/follow-job";
import type { Outbox } from "../outbox/outbox";

/** All that a conversation needs of the rest. */
export interface ThreadPorts {
  readonly outbox: Outbox;
  readonly connection: Cell<ConnectionState>;
  history(conversationId: string, before: string | undefined): Promise<HistoryPage>;
  /** The events of a job, from its first to its last. Returns a function that ends it early. */
  follow(jobId: string, observer: JobObserver): () => void;
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
    follow: (jobId, observer) => followJob(api.job.events, jobId, observer),
    cancel: (jobId) => api.job.cancel.mutate({ jobId }),
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    now: () => Date.now(),
  };
}
