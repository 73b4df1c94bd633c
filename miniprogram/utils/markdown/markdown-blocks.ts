import type { MarkedToken, Token, Tokens } from "marked";
import { pieces } from "../screen/pieces";
import { lexInline } from "./markdown-lexer";
import { plainText, type RichNode, richNodes } from "./rich-nodes";

/** Where a block stands: lists and quotes are flattened, so that code within them is a block of its own, too. */
interface Place {
  /** Depth of lists around it. */
  indent: number;
  /** Depth of quotes around it. */
  quote: number;
  /** Of the first block of a list's item: its bullet or number; else empty. */
  marker: string;
}
export interface RichBlock extends Place {
  kind: "rich";
  /** 1–6: a heading; 0: a paragraph. */
  level: number;
  nodes: RichNode[];
  /** Addresses in it: rich-text has no taps of its own. */
  links: string[];
}
export interface CodeBlock extends Place {
  kind: "code";
  lang: string;
  /** The text, cut at line ends: of a code that grows only the last part is sent to the view. */
  parts: string[];
}
export interface TableCell {
  nodes: RichNode[];
  align: "left" | "center" | "right";
}
export interface TableBlock extends Place {
  kind: "table";
  /** The first is the head. */
  rows: TableCell[][];
  links: string[];
}
export interface RuleBlock extends Place {
  kind: "rule";
}
export type Block = RichBlock | CodeBlock | TableBlock | RuleBlock;

/** Longest piece of a paragraph: one without a line break must not become one huge node. */
export const PARAGRAPH_PIECE_CHARS = 4000;
const CODE_PART_CHARS = 2000;
const TOP: Place = { indent: 0, quote: 0, marker: "" };

/** @param firstNumber of a numbered list that goes on from an earlier call */
export function blocksOf(tokens: readonly Token[], firstNumber?: number): Block[] {
  return tokens.flatMap((token, i) =>
    blocksOfToken(token as MarkedToken, TOP, i === 0 ? firstNumber : undefined),
  );
}

function blocksOfToken(token: MarkedToken, place: Place, firstNumber?: number): Block[] {
  switch (token.type) {
    case "space":
    case "def":
    case "checkbox":
      return [];
    case "heading":
      return [richBlock(token.tokens, place, token.depth)];
    case "hr":
      return [{ kind: "rule", ...place }];
    case "code":
      return [{ kind: "code", lang: langOf(token), parts: codeParts(token.text), ...place }];
    case "table":
      return [tableBlock(token, place)];
    case "blockquote":
      return within(token.tokens, { ...place, quote: place.quote + 1 });
    case "list":
      return listBlocks(token, place, firstNumber);
    case "paragraph":
      return paragraphBlocks(token, place);
    case "text":
      return token.tokens ? [richBlock(token.tokens, place)] : [richBlock([token], place)];
    case "list_item":
      return within(token.tokens, place);
    case "br":
    case "codespan":
    case "del":
    case "em":
    case "escape":
    case "html":
    case "image":
    case "link":
    case "strong":
      return [richBlock([token], place)];
  }
}

/** The place's marker is that of the first block only. */
function within(tokens: readonly Token[], place: Place): Block[] {
  const blocks: Block[] = [];
  for (const token of tokens) {
    const own = blocks.length === 0 ? place : { ...place, marker: "" };
    blocks.push(...blocksOfToken(token as MarkedToken, own));
  }
  return blocks;
}

function listBlocks(list: Tokens.List, place: Place, firstNumber?: number): Block[] {
  const first = firstNumber ?? (list.start === "" ? 1 : list.start);
  return list.items.flatMap((item, i) => {
    const indent = place.indent + 1;
    const marker = markerOf(list, item, first + i, indent);
    const [head, ...rest] = item.tokens.filter(({ type }) => type !== "space" && type !== "checkbox");
    // An item that begins with a list or a code has its marker on a line of its own.
    const plain = head?.type === "text" || head?.type === "paragraph";
    const inner = within(plain ? [head] : [], { ...place, indent, marker });
    const below = within(plain ? rest : [...(head ? [head] : []), ...rest], { ...place, indent, marker: "" });
    return plain ? [...inner, ...below] : [richBlock([], { ...place, indent, marker }), ...below];
  });
}

function markerOf(list: Tokens.List, item: Tokens.ListItem, number: number, indent: number): string {
  if (item.task) return item.checked ? "☑" : "☐";
  if (list.ordered) return `${number}.`;
  return indent % 2 === 1 ? "•" : "◦";
}

function paragraphBlocks(token: Tokens.Paragraph, place: Place): Block[] {
  if (token.text.length <= PARAGRAPH_PIECE_CHARS) return [richBlock(token.tokens, place)];
  return pieces(token.text, PARAGRAPH_PIECE_CHARS).map((piece, i) =>
    richBlock(lexInline(piece), i === 0 ? place : { ...place, marker: "" }),
  );
}

function richBlock(tokens: readonly Token[], place: Place, level = 0): RichBlock {
  const links: string[] = [];
  const nodes = richNodes(tokens, links);
  return { kind: "rich", level, nodes, links, ...place };
}

function tableBlock(table: Tokens.Table, place: Place): TableBlock {
  const links: string[] = [];
  const cell = ({ tokens, align }: Tokens.TableCell): TableCell => ({
    nodes: richNodes(tokens, links),
    align: align ?? "left",
  });
  return { kind: "table", rows: [table.header, ...table.rows].map((row) => row.map(cell)), links, ...place };
}

function langOf(token: Tokens.Code): string {
  return /^[\w+#.-]{1,20}/.exec(token.lang ?? "")?.[0] ?? "";
}

export function codeParts(code: string): string[] {
  return pieces(code.replace(/\n$/, ""), CODE_PART_CHARS);
}

/** What is read of a block. */
export function blockText(block: Block): string {
  if (block.kind === "rich") return plainText(block.nodes);
  if (block.kind === "code") return block.parts.join("");
  if (block.kind === "table")
    return block.rows.map((row) => row.map((cell) => plainText(cell.nodes)).join("\t")).join("\n");
  return "";
}
