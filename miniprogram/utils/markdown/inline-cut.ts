import { isInCharacter } from "../screen/pieces";

/** Where a long inline text can be read in two, so that nobody sees it. */
export interface Cut {
  readonly at: number;
  /** The marks that are open there: the part before is read as if they ended, the part after as if they began anew. */
  readonly open: readonly string[];
  /** So many characters of the text it depends on. */
  readonly seen: number;
}

/** What is read at once. Where there are many marks, a character costs some microseconds. */
const READ_CHARS = 600;
const LEAST_CHARS = READ_CHARS / 2;
/** What has no place for a cut until here is cut anyway. */
const MAX_READ_CHARS = 8 * READ_CHARS;

/**
 * The first place where a text is to be cut; undefined when it is short. Where the text goes on, the place stays the same.
 *
 * @param isWhole nothing more comes: a mark without an end is none
 */
export function cutOf(text: string, isWhole: boolean): Cut | undefined {
  for (let seen = READ_CHARS; text.length > seen; seen *= 2) {
    const stretches = stretchesOf(text, seen, isWhole);
    const between = stretches.filter(({ open }) => open.length === 0);
    const cut =
      lastPlace(between, isGoodPlace) ?? lastPlace(stretches, isGoodPlace) ?? lastPlace(stretches, isPlace);
    if (cut) return { ...cut, seen };
    const isInAddress = /\]\([^()\s]*$/.test(text.slice(0, seen));
    if (seen < MAX_READ_CHARS || isInAddress) continue;
    const line = text.lastIndexOf("\n", seen - 1);
    return { at: line > LEAST_CHARS ? line : seen, open: [], seen };
  }
  return undefined;
}

/** Whether a mark that is open at `from` ends in its line; undefined: the text ends before that is known. */
export function hasEnd(mark: string, text: string, from: number): boolean | undefined {
  const marks = new RegExp(MARKS);
  marks.lastIndex = from;
  for (let match = marks.exec(text); match; match = marks.exec(text)) {
    if (match[0] === mark) return true;
    if (match[0] === "\n") return false;
  }
  return undefined;
}

// Escaped characters, code, links, tags, addresses and entities; also where the text may end in the midst of one.
const WHOLES =
  /\\[\s\S]|(`+)(?!`)[\s\S]*?[^`]\1(?!`)|`+|!?\[(?:[^[\]\n]|\[[^[\]\n]*\])*\](?:\((?:[^()\n]|\([^()\n]*\))*(?:\)|$))?|!?\[[^[\]\n]{0,200}$|<[a-zA-Z!/?][^<>\n]{0,300}(?:>|$)|(?:https?:\/\/|www\.)[^\s<]*|&#?\w{0,31}(?:;|$)/g;
/** Stands for each of their characters. */
const INSIDE = "\ufffc";
const MARKS = /\*\*\*(?!\*)|\*\*?|___(?!_)|__?|~~?|`+|\n/g;
const MAX_MARK_CHARS = 8;

/** A part of a line between two marks, and the marks that are open around it. */
interface Stretch {
  readonly text: string;
  readonly from: number;
  readonly open: readonly string[];
}

function stretchesOf(text: string, seen: number, isWhole: boolean): Stretch[] {
  const masked = text
    .slice(0, seen)
    .replace(WHOLES, (whole) => (isCodeMark(whole) ? whole : INSIDE.repeat(whole.length)));
  const marks = new RegExp(MARKS);
  const stretches: Stretch[] = [];
  let open: readonly string[] = [];
  let from = 0;
  for (let match = marks.exec(masked); match; match = marks.exec(masked)) {
    stretches.push({ text: masked.slice(from, match.index), from, open });
    const [mark] = match;
    from = match.index + mark.length;
    const around = { before: masked[match.index - 1], after: masked[from] };
    if (mark === "\n") open = [];
    else if (endsOne(open, mark, around)) open = open.slice(0, open.lastIndexOf(mark));
    else if (mayBegin(open, mark, around) && (hasEnd(mark, text, from) ?? !isWhole)) open = [...open, mark];
  }
  return [...stretches, { text: masked.slice(from), from, open }];
}

interface Around {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

function endsOne(open: readonly string[], mark: string, { before = " " }: Around): boolean {
  if (isInCode(open)) return open.at(-1) === mark;
  return open.includes(mark) && /\S/.test(before);
}

function mayBegin(open: readonly string[], mark: string, { before = " ", after = "x" }: Around): boolean {
  if (isInCode(open) || mark.length > MAX_MARK_CHARS) return false;
  return isCodeMark(mark) || (/\S/.test(after) && (mark === "**" || /[^a-zA-Z0-9]/.test(before)));
}

function isInCode(open: readonly string[]): boolean {
  return isCodeMark(open.at(-1) ?? "");
}

/** One or more backticks. */
export function isCodeMark(mark: string): boolean {
  return /^`+$/.test(mark);
}

type IsPlace = (before: string, after: string, isOpen: boolean) => boolean;

// What is cut between two words, or after a Chinese character, is read as before.
const isGoodPlace: IsPlace = (before, after, isOpen) =>
  /\S/.test(after) && (CHINESE.test(before) || (before === " " && !isOpen));
const isPlace: IsPlace = (before, after) => /\S/.test(after) && /\S/.test(before) && before !== INSIDE;
const CHINESE = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/;

function lastPlace(stretches: readonly Stretch[], isAllowed: IsPlace): Omit<Cut, "seen"> | undefined {
  const last = stretches.at(-1);
  if (!last) return undefined;
  const { text, from, open } = last;
  for (let i = text.length - 1; i > 0 && from + i >= LEAST_CHARS; i--)
    if (!isInCharacter(text, i) && isAllowed(text[i - 1] ?? "", text[i] ?? "", open.length > 0))
      return { at: from + i, open };
  return lastPlace(stretches.slice(0, -1), isAllowed);
}
