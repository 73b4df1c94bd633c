import type { MarkedToken, Token } from "marked";
import { decodeEntities, escapeRich } from "./entities";

/** What `<rich-text nodes>` takes. Styles are inline: a component's classes do not reach into it. */
export interface RichText {
  type: "text";
  text: string;
}
export interface RichElement {
  name: "strong" | "em" | "del" | "code" | "span" | "br";
  attrs?: { style: string };
  children?: RichNode[];
}
export type RichNode = RichText | RichElement;

const CODE_STYLE =
  "background:var(--surface-sunken);border-radius:.3em;padding:.1em .35em;font-size:.9em;font-family:Menlo,Consolas,monospace;word-break:break-all";
const LINK_STYLE = "color:var(--primary);text-decoration:underline;word-break:break-all";
const SHOWN_ADDRESS = /^(?:https?:\/\/|mailto:)\S+$/i;

/**
 * The inline parts of a block. Nothing comes through but what is made here: HTML is shown as text, an image as a link to
 * it, and an address only if it is one of the web or of mail.
 * @param links takes the addresses that were shown
 */
export function richNodes(tokens: readonly Token[], links: string[]): RichNode[] {
  return joined(tokens.flatMap((token) => nodesOf(token as MarkedToken, links)));
}

function nodesOf(token: MarkedToken, links: string[]): RichNode[] {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return [{ name: token.type, children: richNodes(token.tokens, links) }];
    case "codespan":
      return [{ name: "code", attrs: { style: CODE_STYLE }, children: [literal(token.text)] }];
    case "br":
      return [{ name: "br" }];
    case "link":
      return linkNodes(token.href, richNodes(token.tokens, []), links);
    case "image":
      return linkNodes(token.href, [literal(`图片：${token.text || "无标题"}`)], links);
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw.trim()) ? [{ name: "br" }] : [literal(token.raw)];
    case "checkbox":
      return [];
    case "text":
      return token.tokens ? richNodes(token.tokens, links) : [literal(decodeEntities(token.text))];
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

function linkNodes(href: string, label: RichNode[], links: string[]): RichNode[] {
  if (!SHOWN_ADDRESS.test(href)) return label;
  if (!links.includes(href)) links.push(href);
  const link: RichNode = { name: "span", attrs: { style: LINK_STYLE }, children: label };
  const address = href.replace(/^mailto:/i, "");
  const known = [href, address, readable(href)].includes(plainText(label)) || isBare(label, href);
  return known ? [link] : [link, literal(`（${address}）`)];
}

/** `www.example.com` stands for `http://www.example.com`. */
function isBare(label: RichNode[], href: string): boolean {
  return href === `http://${plainText(label)}`;
}

function readable(href: string): string {
  try {
    return decodeURI(href);
  } catch {
    return href;
  }
}

/** What is read of nodes. */
export function plainText(nodes: readonly RichNode[]): string {
  return nodes
    .map((node) => ("text" in node ? decodeEntities(node.text) : plainText(node.children ?? [])))
    .join("");
}

function literal(text: string): RichText {
  return { type: "text", text: escapeRich(text) };
}

function joined(nodes: RichNode[]): RichNode[] {
  const result: RichNode[] = [];
  for (const node of nodes) {
    const last = result.at(-1);
    if (last && "text" in last && "text" in node)
      result[result.length - 1] = { ...last, text: last.text + node.text };
    else result.push(node);
  }
  return result;
}
