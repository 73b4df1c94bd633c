import { MAX_REASONING_CHARS } from "../../contract/conversation.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";

/** What an answer that is being made consists of by now. */
export interface Said {
  text: string;
  /** The first MAX_REASONING_CHARS of what the model has thought. */
  reasoning: string;
}

export function nothingSaid(): Said {
  return { text: "", reasoning: "" };
}

/** Adds what an event says; one at a time, as there may be hundreds a second. */
export function hear(said: Said, event: ReplyEvent): void {
  if (event.t === "delta") said.text += event.text;
  else if (event.t === "reasoning") said.reasoning += beginning(event.text, said.reasoning.length);
  else if (event.t === "reset") Object.assign(said, nothingSaid());
}

/** What was said since it last began anew. */
export function saidSoFar(events: Iterable<ReplyEvent>): Said {
  const said = nothingSaid();
  for (const event of events) hear(said, event);
  return said;
}

/** As much of a text as may still be kept. */
function beginning(text: string, kept: number): string {
  const room = MAX_REASONING_CHARS - kept;
  if (text.length <= room) return text;
  // Not half of a character.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(room - 1)) ? room - 1 : room;
  return text.slice(0, Math.max(0, end));
}
