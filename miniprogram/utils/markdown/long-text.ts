import type { MarkedToken, Token } from "marked";
import { cutOf } from "./inline-cut";
import type { Inline } from "./inline-runs";
import { itemTokens } from "./markdown-blocks";
import { cutOff, joinedInline } from "./read-inline";
import { type Beginning, type Head, READ, sureLength, type Tail, withoutEmptyLines } from "./tail";

/**
 * Takes from the long text that a tail ends with what nothing that comes can change.
 *
 * @returns the head of what remains, and where in the tail that begins; undefined: all may change
 */
export function takeSure(tail: Tail, begins: Beginning): { head: Head; place: number } | undefined {
  const { shown, tokens, definitions } = tail;
  const text = lastText(tokens) ?? "";
  const from = placeOf(text, shown);
  if (from === undefined) return undefined;
  const isKnown = text.startsWith(READ);
  const parts: Inline[] = [];
  let rest = isKnown ? text.slice(READ.length) : text;
  let open = isKnown ? (begins.head?.open ?? []) : [];
  let place = 0;
  for (let cut = cutOf(rest, false); cut; cut = cutOf(rest, false)) {
    const seen = placeOf(rest.slice(cut.seen), shown);
    const cutPlace = placeOf(rest.slice(cut.at), shown);
    if (cutPlace === undefined || seen === undefined || seen > sureLength(tail)) break;
    const part = cutOff(rest, cut, open, definitions);
    parts.push(part.inline);
    [rest, open, place] = [part.rest, cut.open, cutPlace];
  }
  if (parts.length === 0) return undefined;
  const before = begins.head?.done ?? [];
  const done = isKnown
    ? [...before.slice(0, -1), joinedInline([...before.slice(-1), ...parts])]
    : [...before, joinedInline(parts)];
  const back = before.length > 0 ? begins.head?.back : begins;
  return { head: { text: shown.slice(0, from) + READ + open.join(""), done, open, back }, place };
}

/** The inline text that the last of the tokens ends with. */
function lastText(tokens: readonly Token[]): string | undefined {
  const token = tokens.filter(({ type }) => type !== "space").at(-1) as MarkedToken | undefined;
  if (token?.type === "list") return lastText(token.items.slice(-1));
  if (token?.type === "list_item") return lastText(itemTokens(token));
  if (token?.type === "blockquote") return lastText(token.tokens);
  const isText = token?.type === "paragraph" || token?.type === "heading" || token?.type === "text";
  return isText ? token.text : undefined;
}

/** Where a source has what a text ends with. Their lines end alike; only what stands before them is not in the text. */
function placeOf(end: string, source: string): number | undefined {
  const lines = end.trimEnd().split("\n");
  const [first = ""] = lines;
  const whole = withoutEmptyLines(source).trimEnd();
  const lineEnd = lines.slice(1).reduce((at) => whole.lastIndexOf("\n", at - 1), whole.length);
  const place = lineEnd - first.length;
  return place >= 0 && whole.startsWith(first, place) ? place : undefined;
}
