import { mayClose, type OpenFence } from "./open-fence";

/**
 * A text that is still being written, as it may be shown: without the marks at its end that may become anything, with
 * the ones that it owes, and a table without its unfinished row.
 */
export function shownOf(tail: string, fence: OpenFence | undefined): string {
  if (fence) return withoutPartialClose(tail);
  const block = tail.lastIndexOf("\n\n") + 1;
  if (/^\n? {0,3}\|/.test(tail.slice(block))) return shownTable(tail, block);
  const start = tail.lastIndexOf("\n") + 1;
  return tail.slice(0, start) + shownLine(tail.slice(start));
}

function withoutPartialClose(tail: string): string {
  const start = tail.lastIndexOf("\n") + 1;
  return mayClose(tail.slice(start)) ? tail.slice(0, start) : tail;
}

function shownLine(line: string): string {
  // The opening line of a code: its language is not text.
  if (/^\s*(?:[-*+]\s+|\d{1,9}[.)]\s+)*(?:```|~~~)/.test(line)) return "";
  const bare = line.replace(/[*_`~]+$/, "").replace(/!?\[([^\]\n]*)\]\([^)\n]*$/, "$1");
  const spans = bare.replace(/(`+)(?:(?!`)[\s\S])*?\1(?!`)/g, "");
  const code = /`+/.exec(spans);
  if (code) return bare + code[0];
  const owed = (spans.match(/\*\*/g) ?? []).length % 2 === 1;
  return owed && !/\*\*\s*$/.test(bare) ? `${bare.trimEnd()}**` : bare.replace(/\*\*(\s*)$/, "$1");
}

/** The lines of a table that are whole; a head without the line below it gets one. */
function shownTable(tail: string, from: number): string {
  const start = tail.indexOf("|", from);
  const [head = "", second, ...rows] = tail.slice(start).split("\n");
  const cells = (head.match(/\|/g) ?? []).length - (/\|\s*$/.test(head) ? 1 : 0);
  if (second === undefined || (rows.length === 0 && /^[\s|:-]*$/.test(second)))
    return (
      tail.slice(0, start) + (cells < 1 || second === undefined ? "" : `${head}\n|${"---|".repeat(cells)}`)
    );
  return rows.length === 0 ? tail : tail.slice(0, tail.lastIndexOf("\n"));
}
