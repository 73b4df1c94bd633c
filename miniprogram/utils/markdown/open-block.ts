import { type Run, RUN_CHARS } from "./inline-runs";
import { type Block, blocksOf, type CodeBlock, type RichBlock, type TableBlock } from "./markdown-blocks";
import type { lexBlocks } from "./markdown-lexer";
import { openCode } from "./open-code";
import { openFence } from "./open-fence";
import { readInline } from "./read-inline";
import type { Tail } from "./tail";

/** The last block, as long as the text goes on in it and nothing special comes: then it grows without being read again. */
export interface OpenBlock {
  /**
   * @param text all of it
   * @param from where it is new
   * @returns the block with it; undefined when the text must be read again
   */
  goOn(text: string, from: number): Block | undefined;
}

// These begin or end something wherever they stand; other marks do at the beginning of a line only.
const SPECIAL = /[\n*_`~[\](<>|\\&;@^${}=]|:\/\/|www\./;
/** At the end of what was there: it is still to be seen what it becomes. */
const UNDECIDED = /[\s\\]$/;
/** So much of a line, and it cannot become a list, a heading or a rule any more. */
export const DECIDED_CHARS = 12;

/** @param placeInText where a place in the tail is in the text */
export function openBlock(
  block: Block | undefined,
  { source, shown, tokens }: Tail,
  placeInText: (place: number) => number,
  lex: typeof lexBlocks,
): OpenBlock | undefined {
  if (block?.kind === "code") {
    const fence = openFence(source);
    return fence && openCodeBlock(block, openCode(fence, placeInText(fence.from)).goOn);
  }
  if (block?.kind === "table" && tokens.length === 1)
    return openTable(block, source, placeInText(source.lastIndexOf("\n") + 1), lex);
  if (block?.kind !== "rich" || !shown.startsWith(source) || !isLineDecided(source)) return undefined;
  const isPlain = block.runs.at(-1)?.look === lookWithin(shown.slice(source.length));
  return isPlain ? openPlain(block) : undefined;
}

function isLineDecided(source: string): boolean {
  return source.slice(source.lastIndexOf("\n") + 1).trim().length >= DECIDED_CHARS;
}

/** How plain characters look where these marks are owed; undefined where that depends. */
function lookWithin(owed: string): string | undefined {
  if (owed === "") return "";
  if (owed === "**") return "strong";
  return /^`+$/.test(owed) ? "code" : undefined;
}

function openPlain(block: RichBlock): OpenBlock {
  const before = block.runs.slice(0, -1);
  let { text: read = "", look = "" } = block.runs.at(-1) ?? {};
  return {
    goOn(text, from) {
      const more = text.slice(from);
      // An address may have begun before.
      const near = text.slice(Math.max(0, from - 4));
      if (SPECIAL.test(more) || /:\/\/|www\./.test(near) || UNDECIDED.test(text.charAt(from - 1)))
        return undefined;
      read += more;
      return read.length > RUN_CHARS ? undefined : { ...block, runs: [...before, { text: read, look }] };
    },
  };
}

function openCodeBlock(block: CodeBlock, goOn: (text: string) => readonly Run[] | undefined): OpenBlock {
  return {
    goOn(text) {
      const runs = goOn(text);
      return runs && { ...block, runs };
    },
  };
}

/** Rows that come to a table are read with its head only. */
function openTable(
  table: TableBlock,
  source: string,
  from: number,
  lex: typeof lexBlocks,
): OpenBlock | undefined {
  const [head = "", line, ...lines] = source.split("\n");
  if (line === undefined || lines.length === 0) return undefined;
  let block = table;
  let rowsFrom = from;

  function take(rows: string): boolean {
    const { tokens, definitions } = lex(`${head}\n${line}\n${rows}`);
    const [read, ...others] = blocksOf(tokens, (text) => readInline(text, definitions));
    const areRows = rows
      .split("\n")
      .slice(0, -1)
      .every((row) => row.includes("|"));
    if (!areRows || read?.kind !== "table" || others.length > 0) return false;
    const links = [...new Set([...block.links, ...read.links])];
    block = { ...block, rows: [...block.rows, ...read.rows.slice(1)], links };
    return true;
  }

  return {
    goOn(text) {
      const end = text.lastIndexOf("\n") + 1;
      if (end <= rowsFrom) return block;
      const isTaken = take(text.slice(rowsFrom, end));
      rowsFrom = end;
      return isTaken ? block : undefined;
    },
  };
}
