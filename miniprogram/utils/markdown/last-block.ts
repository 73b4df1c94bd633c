import type { MarkedToken, Token } from "marked";
import { GONE, itemTokens } from "./markdown-blocks";
import { withoutEmptyLines } from "./tail";

/**
 * What remains of a list or a quote without all but its last block.
 *
 * @param source that the tokens were read from
 * @returns the block, what to read it after, and where in the source it begins
 */
export function lastBlock(
  source: string,
  tokens: readonly Token[],
): { block: Token; head: string; place: number } | undefined {
  const items: Token[] = [];
  const block = descend(tokens, items);
  if (!block) return undefined;
  const heads = items.map((item) => headOf(source.slice(placeOfLast(source, item))));
  return { block, head: heads.join(""), place: placeOfLast(source, block) };
}

/** The last block within the last of the tokens; `items` takes those around it that have another one before it. */
function descend(tokens: readonly Token[], items: Token[]): Token | undefined {
  const token = tokens.filter(({ type }) => type !== "space").at(-1) as MarkedToken | undefined;
  if (token?.type === "list") return descend(token.items.slice(-1), items);
  if (token?.type === "blockquote") return descend(token.tokens, items);
  if (token?.type !== "list_item") return token;
  const inner = itemTokens(token);
  if (inner.length > 1) items.push(token);
  return descend(inner, items);
}

/** Where the line begins that a token begins in with which the source ends. Its lines are as many in both. */
function placeOfLast(source: string, { raw }: Token): number {
  const lines = withoutEmptyLines(source).split("\n");
  const before = lines.slice(0, Math.max(0, lines.length - raw.trimEnd().split("\n").length));
  return before.reduce((place, line) => place + line.length + 1, 0);
}

/** An item that begins like that, with nothing in it. */
function headOf(item: string): string {
  const [mark = "", quote = ""] = /^((?: {0,3}> ?)*)\s*(?:[-*+]|\d{1,9}[.)])\s+/.exec(item) ?? [];
  return `${mark}${GONE}\n${quote}\n`;
}
