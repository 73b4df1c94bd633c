import type { MarkedToken, Token, Tokens } from "marked";
import { pieces } from "../screen/pieces";
import { type Inline, inlineOf, plainText, type Run, RUN_CHARS } from "./inline-runs";

/** Where a block stands: lists and quotes are flattened, so that code within them is a block of its own, too. */
interface Place {
  /** Depth of lists around it. */
  readonly indent: number;
  /** Depth of quotes around it. */
  readonly quote: number;
  /** Of the first block of a list's item: its bullet or number; else empty. */
  readonly marker: string;
}
export interface RichBlock extends Place, Inline {
  readonly kind: "rich";
  /** 1–6: a heading; 0: a paragraph. */
  readonly level: number;
}
export interface CodeBlock extends Place {
  readonly kind: "code";
  readonly lang: string;
  /** The text, cut at line ends. */
  readonly runs: readonly Run[];
}
export interface TableCell {
  readonly runs: readonly Run[];
  readonly align: "left" | "center" | "right";
}
export interface TableRow {
  readonly cells: readonly TableCell[];
}
export interface TableBlock extends Place {
  readonly kind: "table";
  /** The first is the head. */
  readonly rows: readonly TableRow[];
  readonly links: readonly string[];
}
export interface RuleBlock extends Place {
  readonly kind: "rule";
}
/** Never changed, only replaced, also in its parts: what is another object may look different. */
export type Block = RichBlock | CodeBlock | TableBlock | RuleBlock;

/** In the place of blocks that are not wanted: what follows is in the same item. Nobody writes it: it is no character. */
export const GONE = "\ufdd1";

/** Reads the inline text of a block. */
export type ReadInline = (text: string) => Inline;

const TOP: Place = { indent: 0, quote: 0, marker: "" };

/** @param firstNumber of a numbered list that goes on from an earlier call */
export function blocksOf(tokens: readonly Token[], read: ReadInline, firstNumber?: number): Block[] {
  return tokens.flatMap((token, i) =>
    blocksOfToken(token as MarkedToken, read, TOP, i === 0 ? firstNumber : undefined),
  );
}

function blocksOfToken(token: MarkedToken, read: ReadInline, place: Place, firstNumber?: number): Block[] {
  switch (token.type) {
    case "space":
    case "def":
    case "checkbox":
      return [];
    case "heading":
      return [richBlock(read(token.text), place, token.depth)];
    case "hr":
      return [{ kind: "rule", ...place }];
    case "code":
      return [{ kind: "code", lang: langOf(token), runs: codeRuns(token.text), ...place }];
    case "table":
      return [tableBlock(token, read, place)];
    case "blockquote":
      return within(token.tokens, read, { ...place, quote: place.quote + 1 });
    case "list":
      return listBlocks(token, read, place, firstNumber);
    case "list_item":
      return within(token.tokens, read, place);
    case "paragraph":
    case "text":
      return token.text === GONE ? [] : [richBlock(read(token.text), place)];
    case "br":
    case "codespan":
    case "del":
    case "em":
    case "escape":
    case "html":
    case "image":
    case "link":
    case "strong":
      return [richBlock(inlineOf([token]), place)];
  }
}

/** The place's marker is that of the first block only. */
function within(tokens: readonly Token[], read: ReadInline, place: Place): Block[] {
  const blocks: Block[] = [];
  for (const token of tokens) {
    const own = blocks.length === 0 ? place : { ...place, marker: "" };
    blocks.push(...blocksOfToken(token as MarkedToken, read, own));
  }
  return blocks;
}

function listBlocks(list: Tokens.List, read: ReadInline, place: Place, firstNumber?: number): Block[] {
  const first = firstNumber ?? (list.start === "" ? 1 : list.start);
  return list.items.flatMap((item, i) => {
    const indent = place.indent + 1;
    const marker = markerOf(list, item, first + i, indent);
    const [head, ...rest] = itemTokens(item);
    // An item that begins with a list or a code has its marker on a line of its own.
    const plain = head?.type === "text" || head?.type === "paragraph";
    const inner = within(plain ? [head] : [], read, { ...place, indent, marker });
    const below = within(plain ? rest : [...(head ? [head] : []), ...rest], read, {
      ...place,
      indent,
      marker: "",
    });
    return plain ? [...inner, ...below] : [richBlock(inlineOf([]), { ...place, indent, marker }), ...below];
  });
}

/** What is in an item, after its checkbox. */
export function itemTokens(item: Tokens.ListItem): Token[] {
  return item.tokens
    .filter(({ type }) => type !== "space" && type !== "checkbox")
    .map((token, i) => (i === 0 && item.task ? withoutCheckbox(token) : token));
}

function withoutCheckbox(token: Token): Token {
  return "text" in token ? { ...token, text: (token.text as string).replace(/^\[[ xX]\]\s+/, "") } : token;
}

function markerOf(list: Tokens.List, item: Tokens.ListItem, number: number, indent: number): string {
  if (item.task) return item.checked ? "☑" : "☐";
  if (list.ordered) return `${number}.`;
  return indent % 2 === 1 ? "•" : "◦";
}

function richBlock({ runs, links }: Inline, place: Place, level = 0): RichBlock {
  return { kind: "rich", level, runs, links, ...place };
}

function tableBlock(table: Tokens.Table, read: ReadInline, place: Place): TableBlock {
  const links = new Set<string>();
  const cellOf = ({ text, align }: Tokens.TableCell): TableCell => {
    const inline = read(text);
    for (const link of inline.links) links.add(link);
    return { runs: inline.runs, align: align ?? "left" };
  };
  const rows = [table.header, ...table.rows].map((cells) => ({ cells: cells.map(cellOf) }));
  return { kind: "table", rows, links: [...links], ...place };
}

function langOf(token: Tokens.Code): string {
  return /^[\w+#.-]{1,20}/.exec(token.lang ?? "")?.[0] ?? "";
}

/** A code in runs; where it goes on, those before the last stay the same. */
export function codeRuns(code: string): Run[] {
  return pieces(code.replace(/\n$/, ""), RUN_CHARS).map((text) => ({ text, look: "" }));
}

/** What is read of a block. */
export function blockText(block: Block): string {
  if (block.kind === "rich" || block.kind === "code") return plainText(block.runs);
  if (block.kind === "rule") return "";
  return block.rows.map(({ cells }) => cells.map(({ runs }) => plainText(runs)).join("\t")).join("\n");
}
