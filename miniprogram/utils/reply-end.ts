import type { ReplyEvent } from "../../src/contract/reply-event";

export type { ReplyEvent };

/** Whether an event is the last of its job. */
export function isTerminal({ t }: ReplyEvent): boolean {
  return t === "done" || t === "failed" || t === "cancelled";
}
