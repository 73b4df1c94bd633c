import type { Thread } from "./thread-state";

/**
 * The conversations that are on screen, for the components of their messages: a text goes from the conversation straight to
 * its component, so that no page sends all texts through its own data.
 */
const threads = new Map<string, Thread>();
let names = 0;

/** Returns the name under which components find it. */
export function shareThread(thread: Thread): string {
  const name = `thread-${++names}`;
  threads.set(name, thread);
  return name;
}

export function unshareThread(name: string): void {
  threads.delete(name);
}

export function sharedThread(name: string): Thread | undefined {
  return threads.get(name);
}
