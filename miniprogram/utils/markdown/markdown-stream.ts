import type { Token, Tokens } from "marked";
import { pieces } from "../screen/pieces";
import { type Block, blocksOf, codeParts, PARAGRAPH_PIECE_CHARS } from "./markdown-blocks";
import { lexMarkdown } from "./markdown-lexer";
import { shownOf } from "./open-end";
import { closes, mayClose, type OpenFence, openFence, unindented } from "./open-fence";
import type { RichNode, RichText } from "./rich-nodes";
import { newRows } from "./table-rows";

/** A Markdown text that grows, as blocks. Only what may still change is read again. */
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

/** How the end of the text goes on as long as nothing special comes. */
type Open =
  | { as: "plain"; leaf: RichText; block: number }
  | { as: "code"; fence: OpenFence; block: number; done: string; lineFrom: number }
  | { as: "table"; block: number; head: string; rowsFrom: number }
  | undefined;

// These begin or end something wherever they stand; other marks do at the beginning of a line only.
const SPECIAL = /[\n*_`~[\](<>|\\&;@^${}=]|:\/\/|www\./;
/** So much of a line, and it cannot become a list, a heading or a rule any more. */
const DECIDED_CHARS = 12;

export function openMarkdown(): MarkdownStream {
  let text = "";
  let over = false;
  let blocks: Block[] = [];
  let lexed = 0;
  /** Blocks before this one, and characters before `tailFrom`, are settled. */
  let settled = 0;
  let tailFrom = 0;
  let nextNumber: number | undefined;
  let open: Open;

  function lex(part: string): Token[] {
    lexed += part.length;
    return lexMarkdown(part);
  }

  function startAgain() {
    [text, blocks, settled, tailFrom, nextNumber, open] = ["", [], 0, 0, undefined, undefined];
  }

  function settle(chars: number, tokens: readonly Token[]) {
    blocks.length = settled;
    blocks.push(...blocksOf(tokens, nextNumber));
    settled = blocks.length;
    tailFrom += chars;
    nextNumber = undefined;
  }

  /** Settles the blocks that the end of the text cannot change; returns the tokens of the others. */
  function settleSure(tokens: readonly Token[], tail: string): readonly Token[] {
    const last = tokens.findLastIndex(({ type }) => type !== "space");
    const head = tokens.slice(0, last);
    const token = tokens[last];
    if (!token || !isDecided(token)) return tokens;
    const before = head.map(({ raw }) => raw).join("");
    if (head.length > 0 && tail.startsWith(before)) settle(before.length, head);
    return token.type === "list" ? settleItems(token as Tokens.List) : [token];
  }

  function settleItems(list: Tokens.List): Token[] {
    const items = list.items.slice(0, -1);
    const last = list.items.at(-1);
    const raw = items.map((item) => item.raw).join("");
    if (!last || items.length === 0 || last.text.trim() === "" || !text.startsWith(raw, tailFrom))
      return [list];
    const first = nextNumber ?? (list.start === "" ? 1 : list.start);
    settle(raw.length, [{ ...list, items }]);
    nextNumber = list.ordered ? first + items.length : undefined;
    return [{ ...list, items: [last] }];
  }

  function settlePieces(tokens: readonly Token[]): readonly Token[] {
    const [token] = tokens;
    if (tokens.length !== 1 || token?.type !== "paragraph" || token.raw.length <= PARAGRAPH_PIECE_CHARS)
      return tokens;
    const parts = pieces(token.raw, PARAGRAPH_PIECE_CHARS);
    const rest = parts.pop() ?? "";
    const sure = parts.join("");
    if (!text.startsWith(sure, tailFrom)) return tokens;
    settle(sure.length, lexMarkdown(sure));
    return lexMarkdown(rest);
  }

  function readTail(streaming: boolean) {
    const tail = text.slice(tailFrom);
    const shown = streaming ? shownOf(tail, openFence(tail)) : tail;
    const rest = settlePieces(settleSure(lex(shown), tail));
    blocks.length = settled;
    blocks.push(...blocksOf(rest, nextNumber));
    open = streaming ? openOf(shown, rest) : undefined;
  }

  function openOf(shown: string, rest: readonly Token[]): Open {
    const block = blocks.length - 1;
    const last = blocks[block];
    const tail = text.slice(tailFrom);
    const fence = openFence(tail);
    if (last?.kind === "code" && fence)
      return { as: "code", fence, block, done: "", lineFrom: tailFrom + fence.from };
    if (last?.kind === "table" && rest.length === 1) return tableOpen(tail, block);
    const leaf = last?.kind === "rich" ? openLeaf(last.nodes, shown.length !== tail.length) : undefined;
    const whole = shown === tail || shown.startsWith(tail);
    return leaf && whole && isLineDecided(tail) ? { as: "plain", leaf, block } : undefined;
  }

  function tableOpen(tail: string, block: number): Open {
    const [head = "", line] = tail.split("\n");
    const rowsFrom = tailFrom + tail.lastIndexOf("\n") + 1;
    if (line === undefined || tail.split("\n").length < 3) return undefined;
    return { as: "table", block, head: `${head}\n${line}\n`, rowsFrom };
  }

  /** Takes in the text since `from` without reading the tail again; false when it must be read. */
  function goOn(from: number): boolean {
    if (open?.as === "plain") return goOnPlain(open, from);
    if (open?.as === "code") return goOnCode(open);
    return open?.as === "table" ? goOnTable(open) : false;
  }

  function goOnPlain({ leaf }: Extract<Open, { as: "plain" }>, from: number): boolean {
    const near = text.slice(Math.max(tailFrom, from - 4));
    if (SPECIAL.test(text.slice(from)) || /:\/\/|www\./.test(near) || /\s$/.test(text.slice(0, from)))
      return false;
    leaf.text += text.slice(from);
    return leaf.text.length < PARAGRAPH_PIECE_CHARS;
  }

  function goOnCode(code: Extract<Open, { as: "code" }>): boolean {
    for (let end = text.indexOf("\n", code.lineFrom); end >= 0; end = text.indexOf("\n", code.lineFrom)) {
      const line = text.slice(code.lineFrom, end);
      if (closes(code.fence, line)) return false;
      code.done += `${unindented(line, code.fence)}\n`;
      code.lineFrom = end + 1;
    }
    const line = text.slice(code.lineFrom);
    const block = blocks[code.block];
    if (block?.kind !== "code") return false;
    block.parts = codeParts(code.done + (mayClose(line) ? "" : unindented(line, code.fence)));
    return true;
  }

  function goOnTable(table: Extract<Open, { as: "table" }>): boolean {
    const end = text.lastIndexOf("\n") + 1;
    if (end <= table.rowsFrom) return true;
    const lines = text.slice(table.rowsFrom, end);
    const block = blocks[table.block];
    const read = block?.kind === "table" ? newRows(lex, table.head, lines) : undefined;
    if (block?.kind !== "table" || !read) return false;
    block.rows.push(...read.rows);
    block.links.push(...read.links.filter((link) => !block.links.includes(link)));
    table.rowsFrom = end;
    return true;
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
      if (!streaming || !goOn(from)) readTail(streaming);
      return first;
    },
  };
}

function isDecided(token: Token): boolean {
  return token.raw.length >= DECIDED_CHARS || token.raw.trimEnd().includes("\n");
}

function isLineDecided(tail: string): boolean {
  return tail.slice(tail.lastIndexOf("\n") + 1).trim().length >= DECIDED_CHARS;
}

/** The text that goes on where plain characters come; `inside`: a mark is owed, so that they belong within it. */
function openLeaf(nodes: readonly RichNode[], inside: boolean): RichText | undefined {
  const last = nodes.at(-1);
  if (!last) return undefined;
  if ("text" in last) return last;
  return inside ? openLeaf(last.children ?? [], inside) : undefined;
}
