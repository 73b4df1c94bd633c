import type { Conversation } from "../../../src/contract/conversation";
import type { FeedEvent } from "../../../src/contract/feed";

/** The conversations in which something happened last. */
export interface RecentConversations {
  /** Newest first. Undefined until they are known. */
  readonly list: readonly Conversation[] | undefined;
  /** Something has happened since they were read. */
  readonly stale: boolean;
  /** Rejects as a call does; what was known stays. */
  load(): Promise<void>;
  close(): void;
}

export function openRecentConversations(parts: {
  query(): Promise<readonly Conversation[]>;
  listen(listener: (event: FeedEvent) => void): () => void;
  readonly known: readonly Conversation[] | undefined;
  readonly count: number;
  changed(): void;
}): RecentConversations {
  const { query, listen, known, count, changed } = parts;
  let list = known;
  let stale = true;

  function take(event: FeedEvent): void {
    if (event.t === "conversation") {
      const { id, title } = event;
      list = list?.map((one) => (one.id === id ? { ...one, title } : one));
    } else if (event.t === "conversation-deleted") {
      list = list?.filter(({ id }) => id !== event.id);
      // Another one moves up.
      stale = true;
    } else if (event.t === "job" && event.job.kind === "turn") stale = true;
    else return;
    changed();
  }
  const stopListening = listen(take);

  return {
    get list() {
      return list;
    },
    get stale() {
      return stale;
    },
    async load() {
      stale = false;
      try {
        list = (await query()).slice(0, count);
      } catch (error) {
        stale = true;
        throw error;
      }
      changed();
    },
    close: stopListening,
  };
}
