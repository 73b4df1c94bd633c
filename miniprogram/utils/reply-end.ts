import type { ReplyEvent, TerminalEvent } from "../../src/contract/reply-event";

export type { ReplyEvent };

/** Whether an event is the last of its job. */
export function isTerminal(event: ReplyEvent): event is TerminalEvent {
  return event.t === "done" || event.t === "failed" || event.t === "cancelled";
}
