import type { Token, Tokens } from "marked";
import { lastBlock } from "./last-block";
import { takeSure } from "./long-text";
import { type Block, blocksOf } from "./markdown-blocks";
import { type Definitions, lexBlocks } from "./markdown-lexer";
import { DECIDED_CHARS, openBlock, type OpenBlock } from "./open-block";
import { shownOf } from "./open-end";
import { openFence } from "./open-fence";
import { type Head, isMisread, sureLength, type Tail } from "./tail";
import { openTailInline } from "./tail-inline";

/**
 * A Markdown text that grows, as blocks. Only what may still change is read again; how the files around this one see to
 * that is in docs/design.md, “A long answer”.
 */
export interface MarkdownStream {
  readonly blocks: readonly Block[];
  /** Characters read so far: what it costs. */
  readonly lexed: number;
  /**
   * @param text all of it: what was there before, and more. If it is not, all is read again
   * @param streaming more may come: what is open at the end is shown as what it is about to be
   * @returns the first block that may have changed
   */
  update(text: string, streaming: boolean): number;
}

/** So long a tail is looked through for what can be settled in a list or a quote. */
const LONG_TAIL_CHARS = 1200;
const LOOK_AGAIN_CHARS = 150;

export function openMarkdown(): MarkdownStream {
  let text = "";
  let over = false;
  let blocks: readonly Block[] = [];
  let lexed = 0;
  /** Blocks before this one, and characters before `tailFrom`, are settled. */
  let settled = 0;
  let tailFrom = 0;
  let head: Head | undefined;
  let nextNumber: number | undefined;
  let lookChars = LONG_TAIL_CHARS;
  let open: OpenBlock | undefined;
  const inline = openTailInline();

  function startAgain() {
    [text, blocks, settled, tailFrom, lookChars] = ["", [], 0, 0, LONG_TAIL_CHARS];
    [head, nextNumber, open] = [undefined, undefined, undefined];
  }

  function tailOf(): string {
    return (head?.text ?? "") + text.slice(tailFrom);
  }

  /** Where a place in the tail is in the text. */
  function placeInText(place: number): number {
    return tailFrom + place - (head?.text.length ?? 0);
  }

  function lex(part: string) {
    lexed += part.length;
    return lexBlocks(part);
  }

  /** Settles blocks at the beginning of the tail, if they can be told apart in it; returns whether it has. */
  function settle(raw: string, tokens: readonly Token[], definitions: Definitions): boolean {
    if (!tailOf().startsWith(raw) || raw.length < (head?.text.length ?? 0)) return false;
    show(tokens, definitions);
    settled = blocks.length;
    tailFrom = placeInText(raw.length);
    [head, nextNumber] = [undefined, undefined];
    return true;
  }

  /** The tokens' blocks in the place of those that are not settled. */
  function show(tokens: readonly Token[], definitions: Definitions) {
    blocks = [...blocks.slice(0, settled), ...blocksOf(tokens, inline.reader(head, definitions), nextNumber)];
  }

  /** Settles the blocks that the end of the text cannot change; returns the tokens of the others. */
  function settleSure(tokens: readonly Token[], definitions: Definitions): readonly Token[] {
    const last = tokens.findLastIndex(({ type }) => type !== "space");
    const token = tokens[last];
    if (!token || !isDecided(token)) return tokens;
    const before = tokens.slice(0, last);
    if (last > 0 && !settle(rawOf(before), before, definitions)) return tokens;
    return token.type === "list" ? settleItems(token as Tokens.List, definitions) : [token];
  }

  function settleItems(list: Tokens.List, definitions: Definitions): Token[] {
    const items = list.items.slice(0, -1);
    const last = list.items.at(-1);
    if (!last || items.length === 0 || last.text.trim() === "") return [list];
    const first = nextNumber ?? (list.start === "" ? 1 : list.start);
    if (!settle(rawOf(items), [{ ...list, items }], definitions)) return [list];
    nextNumber = list.ordered ? first + items.length : undefined;
    return [{ ...list, items: [last] }];
  }

  /** Settles the beginning of the long text that a tail ends with; only the rest is read again. */
  function settleInText(tail: Tail): boolean {
    const taken = takeSure(tail, { tailFrom, head });
    if (taken) [tailFrom, head] = [placeInText(taken.place), taken.head];
    return taken !== undefined;
  }

  /** Settles what is in the last list or quote before its last block, if that comes to the same without it. */
  function settleWithin(tail: Tail): boolean {
    const { source, shown, tokens, definitions } = tail;
    if (source.length < lookChars) return false;
    lookChars = source.length + LOOK_AGAIN_CHARS;
    const last = lastBlock(shown, tokens);
    const isAlone = last && last.place >= (head?.text.length ?? 0) && last.place <= sureLength(tail);
    if (!isAlone || !isDecided(last.block)) return false;
    const all = blocksOf(tokens, inline.reader(head, definitions), nextNumber);
    const alone = lex(last.head + shown.slice(last.place));
    const remaining = blocksOf(alone.tokens, inline.reader(undefined, alone.definitions));
    const sure = all.length - remaining.length;
    const isSame = JSON.stringify(all.slice(sure)) === JSON.stringify(remaining);
    if (remaining.length === 0 || sure <= 0 || !isSame) return false;
    blocks = [...blocks.slice(0, settled), ...all];
    settled += sure;
    tailFrom = placeInText(last.place);
    head = { text: last.head, done: [], open: [], back: undefined };
    lookChars = LONG_TAIL_CHARS;
    return true;
  }

  function readTail(streaming: boolean): void {
    inline.again();
    if (head?.back && isMisread(head, text.slice(tailFrom), streaming)) ({ tailFrom, head } = head.back);
    const whole = tailOf();
    const wholeShown = streaming ? shownOf(whole, openFence(whole)) : whole;
    const { tokens: all, definitions } = lex(wholeShown);
    const tokens = settleSure(all, definitions);
    const source = tailOf();
    const shown = wholeShown.slice(whole.length - source.length);
    const tail: Tail = { source, shown, tokens, definitions };
    if (streaming && (settleInText(tail) || settleWithin(tail))) return readTail(streaming);
    show(tokens, definitions);
    open = streaming ? openBlock(blocks.at(-1), tail, placeInText, lex) : undefined;
  }

  return {
    get blocks() {
      return blocks;
    },
    get lexed() {
      return lexed;
    },
    update(given, streaming) {
      const next = given.includes("\r") ? given.replace(/\r\n?/g, "\n") : given;
      const from = text.length;
      if (over || !next.startsWith(text)) startAgain();
      else if (streaming && next.length === from) return blocks.length;
      const first = settled;
      text = next;
      over = !streaming;
      const grown = streaming ? open?.goOn(text, from) : undefined;
      if (grown) blocks = [...blocks.slice(0, -1), grown];
      else readTail(streaming);
      return first;
    },
  };
}

function rawOf(tokens: readonly { raw: string }[]): string {
  return tokens.map(({ raw }) => raw).join("");
}

function isDecided(token: Token): boolean {
  return token.raw.length >= DECIDED_CHARS || token.raw.trimEnd().includes("\n");
}
