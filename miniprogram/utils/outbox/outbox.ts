import type { Cell } from "../cell";

/**
 * - `sending`: on its way
 * - `waiting`: no connection; it goes as soon as there is one
 * - `failed`: the gateway refuses it (`reason`, for people); it waits for a retry or for being taken back
 */
export type OutgoingState = "sending" | "waiting" | "failed";

export interface OutgoingMessage {
  /** Its idempotency key: sent again, it is still the same message. */
  readonly key: string;
  /** A conversation's id, or a key of its own (`new-…`) for one that does not exist yet. */
  readonly thread: string;
  readonly text: string;
  /** The job of the turn that it replaces. */
  readonly replaces?: string;
  /** ms since 1970 */
  readonly at: number;
  readonly state: OutgoingState;
  readonly reason?: string;
}

/** The gateway has taken a message. */
export interface Accepted {
  readonly message: OutgoingMessage;
  readonly jobId: string;
  readonly conversationId: string;
}

/** Messages that the gateway has not taken yet, in order for each thread; kept in the storage of the app. */
export interface Outbox {
  readonly messages: Cell<readonly OutgoingMessage[]>;
  /** One that is too much to be kept is `failed` at once. */
  send(message: { thread: string; text: string; replaces?: string }): OutgoingMessage;
  /** Tries a failed one again. */
  retry(key: string): void;
  /**
   * Takes back one that is not on its way just now, and returns its text. One that waits after a try without an answer may
   * have arrived all the same.
   */
  remove(key: string): string | undefined;
  /** The conversation that a `new-…` thread has become; a conversation's own id for others; undefined until then. */
  conversationOf(thread: string): string | undefined;
  /**
   * Calls the listener for each message that is taken from now on, just before it leaves `messages`. Returns a function
   * that ends it.
   */
  onAccepted(listener: (accepted: Accepted) => void): () => void;
}
