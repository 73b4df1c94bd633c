import { graphemes } from "../../graphemes.ts";
import { CONTENT_MAX_BYTES } from "./api.ts";

/** Leaves room in a message for the mark that makes a repeated text distinct (claim.ts). */
export const PIECE_MAX_BYTES = CONTENT_MAX_BYTES - 48;
/** Room for a fence that is closed and opened again, and still some text. */
const SMALLEST_MAX_BYTES = 128;

/** A line that opens or closes a code block. Longer ones are taken for text, so that a fence always fits. */
const FENCE = /^ {0,3}(`{3,16}|~{3,16})[ \t]?([\w+#.:={}-]{0,32})[ \t]{0,3}$/;
const FENCE_MAX_LENGTH = 3 + 16 + 1 + 32 + 3;

/** The marks and the language of a line that opens or closes a code block; undefined for any other line. */
export function fenceOf(line: string): { marker: string; info: string } | undefined {
  const [, marker, info = ""] = FENCE.exec(line) ?? [];
  return marker === undefined ? undefined : { marker, info };
}

/** The code block that a place in the text is inside of. */
interface Fence {
  marker: string;
  /** The line that opens it again in the next piece. */
  opening: string;
  /** Where its opening line starts. */
  start: number;
}

/**
 * Cuts a text into pieces of at most `maxBytes` of UTF-8 (≥ 128), best between paragraphs, else between lines,
 * sentences, words, characters as people see them. A code block that is cut is closed and opened again.
 * Nothing is lost but whitespace at the cuts; a text of nothing but whitespace gives no piece.
 */
export function splitUtf8(text: string, maxBytes: number = PIECE_MAX_BYTES): string[] {
  if (maxBytes < SMALLEST_MAX_BYTES) throw new RangeError(`maxBytes must be at least ${SMALLEST_MAX_BYTES}`);
  const source = text.toWellFormed().replace(/\r\n?/g, "\n");
  const pieces: string[] = [];
  let fence: Fence | undefined;
  for (let start = 0; start < source.length;) {
    const prefix = fence ? `${fence.opening}\n` : "";
    const { end, inside } = nextCut(source, { start, fence, room: maxBytes - Buffer.byteLength(prefix) });
    const chunk = source.slice(start, end);
    const closing = inside && end < source.length ? `\n${inside.marker}` : "";
    const body = inside ? chunk.replace(/\n$/, "") : chunk.trimEnd();
    if (body.trim() !== "") pieces.push(prefix + body + closing);
    start = skipBlank(source, end, inside !== undefined);
    fence = inside;
  }
  return pieces;
}

/** Where the piece that starts at `start` ends, and the code block that is open there. */
function nextCut(
  source: string,
  from: { start: number; fence: Fence | undefined; room: number },
): { end: number; inside: Fence | undefined } {
  const { start, fence, room } = from;
  const all = fitting(source, start, room);
  if (all === source.length) return { end: all, inside: fenceAt(source, start, all, fence) };
  // The longest closing line there can be is left room for; it is seldom needed, and short.
  const limit = fitting(source, start, room - closingBytes(source, start, all, fence));
  const end = outsideFenceLine(source, start, bestCut(source, start, limit));
  const inside = fenceAt(source, start, end, fence);
  // A block of which only the opening line would be here starts in the next piece instead.
  if (inside && inside.start > start && !source.slice(inside.start, end).trim().includes("\n"))
    return { end: inside.start, inside: fenceAt(source, start, inside.start, fence) };
  return { end, inside };
}

/** The end of the longest run from `start` that takes at most `maxBytes` of UTF-8, between code points. */
function fitting(source: string, start: number, maxBytes: number): number {
  let bytes = 0;
  let at = start;
  while (at < source.length) {
    const code = source.codePointAt(at) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > maxBytes) break;
    at += code > 0xffff ? 2 : 1;
  }
  return at;
}

/** A boundary in the second half of the window; a poorer kind of boundary before a short piece. */
function bestCut(source: string, start: number, limit: number): number {
  const half = start + Math.floor((limit - start) / 2);
  for (const boundary of ["\n\n", "\n"]) {
    // The line break may itself lie behind the limit: it is not sent.
    const at = source.slice(half, limit + boundary.length).lastIndexOf(boundary);
    if (at > 0) return half + at;
  }
  const secondHalf = source.slice(half, limit);
  const sentence = lastMatchEnd(secondHalf, /[。！？；…][”’」』）"')]*|[.!?]["')]*(?=\s)/g);
  if (sentence > 0) return half + sentence;
  const word = lastMatchEnd(secondHalf, /\s+/g);
  return word > 0 ? half + word : graphemeCut(source, start, limit);
}

function lastMatchEnd(text: string, pattern: RegExp): number {
  let end = 0;
  for (const match of text.matchAll(pattern)) end = match.index + match[0].length;
  return end;
}

/** The last boundary between characters as people see them (emoji sequences, combining marks) up to `limit`. */
function graphemeCut(source: string, start: number, limit: number): number {
  // A little more than the window, so that the character at the limit is seen whole.
  const segments = graphemes(source.slice(start, limit + 64));
  const index = segments.containing(limit - start)?.index ?? 0;
  // One "character" longer than a piece: only code points are kept whole.
  return index > 0 ? start + index : limit;
}

/** A cut inside the line of a fence moves to that line's start. */
function outsideFenceLine(source: string, start: number, cut: number): number {
  const from = Math.max(start, cut - FENCE_MAX_LENGTH);
  const lineStart = from + source.slice(from, cut).lastIndexOf("\n") + 1;
  if (lineStart <= start || lineStart === cut || source[cut] === "\n") return cut;
  const line = source.slice(lineStart, cut + FENCE_MAX_LENGTH).split("\n", 1)[0] ?? "";
  return fenceOf(line) ? lineStart : cut;
}

/** The code block that is open at `end`, when `fence` was open at `start`. */
function fenceAt(source: string, start: number, end: number, fence: Fence | undefined): Fence | undefined {
  let open = fence;
  for (const { line, at } of lines(source, start, end)) {
    const found = fenceOf(line);
    if (!found) continue;
    if (!open) open = { marker: found.marker, opening: line.trim(), start: at };
    else if (found.info === "" && found.marker.startsWith(open.marker)) open = undefined;
  }
  return open;
}

/** What closing any block of this stretch takes at most. */
function closingBytes(source: string, start: number, end: number, fence: Fence | undefined): number {
  let longest = fence?.marker.length ?? 0;
  for (const { line } of lines(source, start, end))
    longest = Math.max(longest, fenceOf(line)?.marker.length ?? 0);
  return longest === 0 ? 0 : longest + 1;
}

function* lines(source: string, start: number, end: number): Generator<{ line: string; at: number }> {
  let at = start;
  for (const line of source.slice(start, end).split("\n")) {
    yield { line, at };
    at += line.length + 1;
  }
}

/** What is left out between two pieces: blank lines; in code only the line break, for its indentation matters. */
function skipBlank(source: string, at: number, inCode: boolean): number {
  if (inCode) return source[at] === "\n" ? at + 1 : at;
  const blank = /^(?:[^\S\n]*\n)+|^[^\S\n]+/.exec(source.slice(at, at + PIECE_MAX_BYTES));
  return at + (blank?.[0].length ?? 0);
}
