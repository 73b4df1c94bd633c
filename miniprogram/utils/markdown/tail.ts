import type { Token } from "marked";
import { hasEnd } from "./inline-cut";
import type { Inline } from "./inline-runs";
import type { Definitions } from "./markdown-lexer";

/**
 * Stands for the part of a paragraph, a heading or an item that is not read again, and keeps what follows from being taken
 * for the beginning of something else. Nobody writes it: it is no character.
 */
export const READ = "\ufdd0";

/** What the end of a text is read after, in the place of what has been read for good. */
export interface Head {
  /** Marks of the list or quote that it is in, READ, and the inline marks that are open. */
  readonly text: string;
  /** What each READ stands for. */
  readonly done: readonly Inline[];
  /** The inline marks that are open. */
  readonly open: readonly string[];
  /** Where to begin again if one of them turns out to be no mark. */
  readonly back: Beginning | undefined;
}

/** Where in the text a tail begins, and after what it is read. */
export interface Beginning {
  readonly tailFrom: number;
  readonly head: Head | undefined;
}

/** The end of a text, which may still change. */
export interface Tail {
  /** With its head. */
  readonly source: string;
  /** Without the marks that are not shown yet, and with those that it owes. */
  readonly shown: string;
  /** Of what is shown. */
  readonly tokens: readonly Token[];
  readonly definitions: Definitions;
}

/** Whether a mark that was taken for open has no end in what follows: then all since has been read wrongly. */
export function isMisread({ open }: Head, rest: string, streaming: boolean): boolean {
  return !open.every((mark) => hasEnd(mark, rest, 0) ?? streaming);
}

/** How much of a tail is shown as it is. */
export function sureLength({ source, shown }: Tail): number {
  let length = 0;
  while (length < source.length && source[length] === shown[length]) length++;
  return length;
}

/** Without lines at the end that have nothing in them but marks of a quote. */
export function withoutEmptyLines(source: string): string {
  return source.replace(/(?:\n[ \t>]*)+$/, "");
}
