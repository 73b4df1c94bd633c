import type { OutgoingMessage } from "./outbox";

/** A key for a conversation that begins with the next message. */
export function newThreadId(): string {
  return `new-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
}

/**
 * Where one goes without naming a conversation: into a new one; or, with nothing to ask yet, to the one that waits for the
 * network in the outbox, since no list has it.
 */
export function threadToOpen(waiting: readonly OutgoingMessage[], text: string): string {
  const unsent = waiting.findLast(({ thread }) => thread.startsWith("new-"));
  return text.trim() === "" && unsent ? unsent.thread : newThreadId();
}
