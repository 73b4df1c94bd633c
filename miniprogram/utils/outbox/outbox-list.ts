import { type Cell, openCell } from "../cell";
import type { Storage } from "../storage";
import { isNewThread } from "./new-thread";
import type { OutgoingMessage } from "./outbox";
import { isKeepable, loadOutbox, saveOutbox } from "./outbox-store";

/** The messages of an outbox and the conversations that its `new-…` threads have become, kept at each change. */
export interface OutboxList {
  readonly messages: Cell<readonly OutgoingMessage[]>;
  /** Whether one more of this text can be kept. */
  hasRoomFor(text: string): boolean;
  find(key: string): OutgoingMessage | undefined;
  /** The first message of a thread that has not been refused. */
  firstOf(thread: string): OutgoingMessage | undefined;
  add(message: OutgoingMessage): void;
  /** In the place of the one with its key. */
  replace(message: OutgoingMessage): void;
  remove(key: string): void;
  conversationOf(thread: string): string | undefined;
  becomes(thread: string, conversationId: string): void;
}

export function openOutboxList(storage: Storage): OutboxList {
  const kept = loadOutbox(storage);
  const threads = new Map(kept.threads);
  const messages = openCell<readonly OutgoingMessage[]>(
    kept.messages.map((message) => ({
      ...message,
      state: message.reason === undefined ? "sending" : "failed",
    })),
  );

  function set(next: readonly OutgoingMessage[]): void {
    saveOutbox(storage, { messages: next, threads: [...threads] });
    messages.set(next);
  }

  return {
    messages,
    hasRoomFor: (text) => isKeepable([...messages.value, { text }]),
    find: (key) => messages.value.find((known) => known.key === key),
    firstOf: (thread) =>
      messages.value.find((message) => message.thread === thread && message.state !== "failed"),
    add: (message) => set([...messages.value, message]),
    replace: (message) => set(messages.value.map((known) => (known.key === message.key ? message : known))),
    remove: (key) => set(messages.value.filter((known) => known.key !== key)),
    conversationOf: (thread) => (isNewThread(thread) ? threads.get(thread) : thread),
    becomes(thread, conversationId) {
      if (isNewThread(thread)) threads.set(thread, conversationId);
    },
  };
}
