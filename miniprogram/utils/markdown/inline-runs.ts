import type { MarkedToken, Token } from "marked";
import { pieces } from "../screen/pieces";
import { decodeEntities } from "./entities";

/**
 * A stretch of text that looks the same throughout: one `<text>` of the view, in a line with its neighbours. A rich-text
 * would be a block of its own, so that a long paragraph could not be in several.
 */
export interface Run {
  readonly text: string;
  /** The classes that it is drawn with, separated by spaces; empty for plain text. */
  readonly look: string;
}
/** What is read in a paragraph, a heading, an item or a cell. */
export interface Inline {
  readonly runs: readonly Run[];
  /** The addresses in it, each once. */
  readonly links: readonly string[];
}

/** Of a text that grows the last run is sent to the view with each growth. */
export const RUN_CHARS = 240;
const SHOWN_ADDRESS = /^(?:https?:\/\/|mailto:)\S+$/i;

/**
 * Nothing comes through but what is made here: HTML is shown as text, an image as a link to it, and an address only if it
 * is one of the web or of mail.
 */
export function inlineOf(tokens: readonly Token[]): Inline {
  const links: string[] = [];
  const runs = runsOf(tokens, [], links);
  return { runs: joined(runs).flatMap(cut), links };
}

/** What is read of runs. */
export function plainText(runs: readonly Run[]): string {
  return runs.map(({ text }) => text).join("");
}

/** @param looks of what is around the tokens */
function runsOf(tokens: readonly Token[], looks: readonly string[], links: string[]): Run[] {
  return tokens.flatMap((token) => runsOfToken(token as MarkedToken, looks, links));
}

function runsOfToken(token: MarkedToken, looks: readonly string[], links: string[]): Run[] {
  const literal = (text: string): Run => run(text.replace(/\n/g, " "), looks);
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return runsOf(token.tokens, [...looks, token.type], links);
    case "codespan":
      return [run(token.text, [...looks, "code"])];
    case "br":
      return [run("\n", looks)];
    case "link":
      return linkRuns(token.href, (inner) => runsOf(token.tokens, inner, []), looks, links);
    case "image":
      return linkRuns(token.href, (inner) => [run(`图片：${token.text || "无标题"}`, inner)], looks, links);
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw.trim()) ? [run("\n", looks)] : [literal(token.raw)];
    case "checkbox":
      return [];
    case "text":
      return token.tokens ? runsOf(token.tokens, looks, links) : [literal(decodeEntities(token.text))];
    case "escape":
      return [literal(token.text)];
    case "blockquote":
    case "code":
    case "def":
    case "heading":
    case "hr":
    case "list":
    case "list_item":
    case "paragraph":
    case "space":
    case "table":
      return [literal(token.raw)];
  }
}

function linkRuns(
  href: string,
  label: (looks: readonly string[]) => Run[],
  looks: readonly string[],
  links: string[],
): Run[] {
  if (!SHOWN_ADDRESS.test(href)) return label(looks);
  if (!links.includes(href)) links.push(href);
  const link = label([...looks, "link"]);
  const shown = plainText(link);
  const address = href.replace(/^mailto:/i, "");
  const isKnown = [href, address, readable(href)].includes(shown) || isBare(shown, href);
  return isKnown ? link : [...link, run(`（${address}）`, looks)];
}

/** `www.example.com` stands for `http://www.example.com`. */
function isBare(label: string, href: string): boolean {
  return href === `http://${label}`;
}

function readable(href: string): string {
  try {
    return decodeURI(href);
  } catch {
    return href;
  }
}

function run(text: string, looks: readonly string[]): Run {
  return { text, look: [...new Set(looks)].join(" ") };
}

/** Two pieces of code side by side stay two: each has a frame. */
function joined(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const { text, look } of runs) {
    const last = result.at(-1);
    if (last?.look === look && !isCode(look)) result[result.length - 1] = { text: last.text + text, look };
    else result.push({ text, look });
  }
  return result;
}

function cut(run: Run): Run[] {
  const parts = pieces(run.text, RUN_CHARS).map((text) => ({ ...run, text }));
  return isCode(run.look) ? parts.map((one, i) => withCuts(one, i > 0, i < parts.length - 1)) : parts;
}

/** The same, where the code that it begins or ends with goes on: one frame goes around all of it. */
export function withCutCode(inline: Inline, before: boolean, after: boolean): Inline {
  if (!before && !after) return inline;
  const last = inline.runs.length - 1;
  const runs = inline.runs.map((one, i) => withCuts(one, before && i === 0, after && i === last));
  return { ...inline, runs };
}

function withCuts({ text, look }: Run, before: boolean, after: boolean): Run {
  const looks = [...look.split(" "), ...(before ? ["cut-before"] : []), ...(after ? ["cut-after"] : [])];
  return { text, look: [...new Set(looks)].join(" ") };
}

function isCode(look: string): boolean {
  return look.split(" ").includes("code");
}
