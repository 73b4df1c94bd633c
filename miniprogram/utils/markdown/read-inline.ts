import { type Cut, cutOf, isCodeMark } from "./inline-cut";
import { type Inline, inlineOf, withCutCode } from "./inline-runs";
import { type Definitions, lexInline } from "./markdown-lexer";

/**
 * Reads what is inline in a block; a long text in parts.
 *
 * @param open the marks that it begins with because they were open where it was cut off from what is before it
 */
export function readInline(text: string, definitions: Definitions, open: readonly string[] = []): Inline {
  const parts: Inline[] = [];
  let [rest, before] = [text, open];
  for (let cut = cutOf(rest, true); cut; cut = cutOf(rest, true)) {
    const part = cutOff(rest, cut, before, definitions);
    parts.push(part.inline);
    [rest, before] = [part.rest, cut.open];
  }
  const last = inlineOf(lexInline(rest, definitions));
  return joinedInline([...parts, withCutCode(last, isCode(before), false)]);
}

/** What is read of a text before a cut, and the rest: a mark that is open there is in both. */
export function cutOff(
  text: string,
  { at, open }: Cut,
  before: readonly string[],
  definitions: Definitions,
): { inline: Inline; rest: string } {
  const ends = open.reduceRight((all, mark) => all + mark, "");
  const inline = inlineOf(lexInline(text.slice(0, at) + ends, definitions));
  return { inline: withCutCode(inline, isCode(before), isCode(open)), rest: open.join("") + text.slice(at) };
}

export function joinedInline(parts: readonly Inline[]): Inline {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  return {
    runs: parts.flatMap(({ runs }) => runs),
    links: [...new Set(parts.flatMap(({ links }) => links))],
  };
}

function isCode(open: readonly string[]): boolean {
  return isCodeMark(open.at(-1) ?? "");
}
