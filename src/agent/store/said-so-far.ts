import type { ReplyEvent } from "../../contract/reply-event.ts";

/** The text of an answer that is being made, from its events: what came since it last began anew. */
export function saidSoFar(events: Iterable<ReplyEvent>): string {
  let text = "";
  for (const event of events) {
    if (event.t === "delta") text += event.text;
    if (event.t === "reset") text = "";
  }
  return text;
}
