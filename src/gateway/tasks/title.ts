import { MAX_TITLE_CHARS } from "../../contract/task.ts";
import { excerpt } from "../../excerpt.ts";

/** A line's own marks: quote, heading, list item, number. */
const LINE_MARKS = /^(?:\s*(?:>|#{1,6}(?=\s)|[-*+](?=\s)|\d{1,3}[.)](?=\s)))*\s*/;
const LINK = /!?\[([^\]]*)\]\([^)]*\)/g;
const INLINE_MARKS = /\*\*|__|~~|`+/g;

/** What a task is called when nobody has named it: the first line that says something, without Markdown's marks. */
export function titleOf(prompt: string): string {
  for (const line of prompt.split("\n")) {
    const plain = line.replace(LINE_MARKS, "").replace(LINK, "$1").replace(INLINE_MARKS, "").trim();
    // The ellipsis counts, too.
    if (/[\p{L}\p{N}]/u.test(plain)) return excerpt(plain, MAX_TITLE_CHARS - 1);
  }
  return excerpt(prompt, MAX_TITLE_CHARS - 1);
}
