import type { Inline } from "./inline-runs";
import type { ReadInline } from "./markdown-blocks";
import type { Definitions } from "./markdown-lexer";
import { joinedInline, readInline } from "./read-inline";
import { type Head, READ } from "./tail";

/** Reads what is inline in the blocks of a tail, which is read again and again: most of it is the same each time. */
export interface TailInline {
  /** The tail is read once more: what was not in it the last time is forgotten. */
  again(): void;
  /** For the blocks of the tail, in their order. */
  reader(head: Head | undefined, definitions: Definitions): ReadInline;
}

export function openTailInline(): TailInline {
  let known = new Map<string, Inline>();
  let before = known;

  function readOnce(text: string, definitions: Definitions): Inline {
    // What is defined may have changed, and the text with it.
    if (Object.keys(definitions).length > 0) return readInline(text, definitions);
    const read = known.get(text) ?? before.get(text) ?? readInline(text, definitions);
    known.set(text, read);
    return read;
  }

  return {
    again() {
      [before, known] = [known, new Map()];
    },
    reader(head, definitions) {
      const done = [...(head?.done ?? [])];
      return (text) => {
        if (!text.startsWith(READ)) return readOnce(text, definitions);
        const beginning = done.shift();
        // Only the last text is still open.
        const open = done.length === 0 ? head?.open : [];
        const rest = readInline(text.slice(READ.length), definitions, open);
        return beginning ? joinedInline([beginning, rest]) : rest;
      };
    },
  };
}
