/** A code that has begun and not ended. */
export interface OpenFence {
  /** The mark that it began with: as many end it. */
  readonly mark: string;
  /** Columns its lines are moved in by: those of a code in a list. */
  readonly indent: number;
  /** Where its text begins: after the line that opened it. */
  readonly from: number;
}

const OPENING = /^((?: {0,3}(?:[-*+]|\d{1,9}[.)]) +)*\s*)(`{3,}|~{3,})([^`]*)$/;

/** The code that is open at the end of a text; undefined too while the line that opens it is not whole. */
export function openFence(text: string): OpenFence | undefined {
  let open: OpenFence | undefined;
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    if (end < 0) return open;
    const line = text.slice(at, end);
    at = end + 1;
    if (open) {
      if (closes(open, line)) open = undefined;
      continue;
    }
    const match = OPENING.exec(line);
    if (match) open = { mark: match[2] ?? "", indent: (match[1] ?? "").length, from: at };
  }
  return open;
}

/** Whether a line ends the code, or the list that it is in. */
export function closes(fence: OpenFence, line: string): boolean {
  const own = line.trim();
  if (own.startsWith(fence.mark) && own.replaceAll(fence.mark.charAt(0), "") === "") return true;
  return fence.indent > 0 && own !== "" && line.length - line.trimStart().length < fence.indent;
}

/** Whether a line that is not whole may still become the end of a code. */
export function mayClose(line: string): boolean {
  return /^\s*(?:`*|~*)$/.test(line);
}

export function unindented(line: string, fence: OpenFence): string {
  return line.slice(Math.min(fence.indent, line.length - line.trimStart().length));
}
