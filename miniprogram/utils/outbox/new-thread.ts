import { newKey } from "../new-key";
import type { OutgoingMessage } from "./outbox";

/** A thread for a conversation that begins with the next message. */
export function newThreadId(): string {
  return newKey("new");
}

/** Whether a thread began here, before there was a conversation, whose id would have a dot. */
export function isNewThread(thread: string): boolean {
  return thread.startsWith("new-") && !thread.includes(".");
}

/**
 * Where one goes without naming a conversation: into a new one; or, with nothing to ask yet, to the one that waits for the
 * network in the outbox, since no list has it.
 */
export function threadToOpen(waiting: readonly OutgoingMessage[], text: string): string {
  const unsent = waiting.findLast(({ thread }) => isNewThread(thread));
  return text.trim() === "" && unsent ? unsent.thread : newThreadId();
}
