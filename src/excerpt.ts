import { graphemes } from "./graphemes.ts";

/** Longest character in code units that is looked at: a family emoji has about 25. */
const MAX_UNITS_PER_CHARACTER = 32;

/** The beginning of a text on one line, at most `maxCharacters` as people count them, with an ellipsis if it goes on. */
export function excerpt(text: string, maxCharacters: number): string {
  const line = text.trim().replace(/\s+/g, " ");
  // A character has at least one unit, so there is nothing to count; and counting takes longer than all else here.
  if (line.length <= maxCharacters) return line;
  let end = 0;
  let count = 0;
  for (const { segment } of graphemes(line.slice(0, maxCharacters * MAX_UNITS_PER_CHARACTER))) {
    if (count === maxCharacters) break;
    end += segment.length;
    count++;
  }
  return end < line.length ? `${line.slice(0, end)}…` : line;
}
