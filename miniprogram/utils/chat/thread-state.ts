import type { Cell } from "../cell";
import type { MessageText } from "./message-text";
import type { ShownMessage } from "./shown-message";
import type { HistoryState, OlderState } from "./thread-history";

export interface ThreadState {
  readonly messages: readonly ShownMessage[];
  /** Undefined until the gateway has taken the first message of a new one. */
  readonly conversationId: string | undefined;
  readonly history: HistoryState;
  /** Why it is not there, for people. */
  readonly reason: string;
  readonly older: OlderState;
  /** Whether an answer is being made, or waits to be. */
  readonly answering: boolean;
  readonly stopping: boolean;
}

/** One conversation, as it is now and as it goes on, on whatever device. */
export interface Thread {
  readonly state: Cell<ThreadState>;
  /** What outgoing messages name it by. */
  readonly id: string;
  /** Tells the listener of a message's text, now and whenever it grows. Returns a function that ends it. */
  watchText(messageKey: string, listener: (text: MessageText) => void): () => void;
  textOf(messageKey: string): MessageText;
  send(text: string): void;
  /** Tries a message again that the gateway has refused. */
  retry(messageKey: string): void;
  /** Takes back a message that has not gone; its text, to be written anew. */
  takeBack(messageKey: string): string | undefined;
  /** Asks the last question again: the new turn takes the place of the old one. */
  regenerate(): void;
  /** @throws what the gateway answers */
  stop(): Promise<void>;
  loadOlder(): void;
  refresh(): void;
  close(): void;
}
