import type { TextType } from "./api.ts";
import { fenceOf } from "./split.ts";

/** What the markdown of a WeCom app message shows: headings, bold, links, inline code, quotes, coloured text (path/90236). */
const RENDERED =
  /^#{1,6} |^> ?\S|\*\*[^*\n]+\*\*|\[[^\]\n]{1,300}\]\([^)\s]{1,2000}\)|`[^`\n]+`|<font color=/m;
const TABLE_DELIMITER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/**
 * The message that shows a model's markdown best in WeCom. As "markdown" when it holds something WeCom renders; the rest
 * (lists, tables, images, rules) becomes plain lines. With a code block as "text": WeCom would take `#` and `**` in the
 * code for markup. Nothing of the content is left out.
 */
export function toWecomMessage(text: string): { type: TextType; content: string } {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const type = RENDERED.test(text) && !lines.some(fenceOf) ? "markdown" : "text";
  return { type, content: convertLines(lines, type).join("\n").trim() };
}

function convertLines(lines: readonly string[], type: TextType): string[] {
  const out: string[] = [];
  let open = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const fence = fenceOf(line);
    if (open !== "" || fence) {
      out.push(line);
      if (open === "") open = fence?.marker ?? "";
      else if (fence?.info === "" && fence.marker.startsWith(open)) open = "";
      continue;
    }
    const rows = tableAt(lines, at);
    if (rows.length > 0) {
      out.push(...tableLines(rows, type));
      at += rows.length; // the delimiter row is not among them
    } else out.push(convertLine(line, type));
  }
  return out;
}

/** The rows of the table that starts here, its header first; none when no table does. */
function tableAt(lines: readonly string[], at: number): string[][] {
  const header = lines[at] ?? "";
  const delimiter = lines[at + 1] ?? "";
  if (!header.includes("|") || !delimiter.includes("|") || !TABLE_DELIMITER.test(delimiter)) return [];
  const rows = [cells(header)];
  for (let next = at + 2; lines[next]?.includes("|"); next++) rows.push(cells(lines[next] ?? ""));
  return rows;
}

function cells(row: string): string[] {
  const inner = row.trim().replace(/^\||(?<!\\)\|$/g, "");
  return inner.split(/(?<!\\)\|/).map((cell) =>
    cell
      .trim()
      .replaceAll("\\|", "|")
      .replace(/<br\s*\/?>/gi, " "),
  );
}

/** One line a row, with the columns' names: `• 名称：甲；价格：3`. */
function tableLines([header = [], ...rows]: string[][], type: TextType): string[] {
  if (rows.length === 0) return [inline(header.join("；"), type)];
  return rows.map((row) => {
    const parts = row.map((cell, column) => (header[column] ? `${header[column]}：${cell}` : cell));
    return inline(`• ${parts.filter((part) => part !== "").join("；")}`, type);
  });
}

function convertLine(line: string, type: TextType): string {
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return "————————";
  const [, quote = "", rest = ""] = /^((?:\s{0,3}> ?)*)(.*)$/.exec(line) ?? [];
  const item = rest
    .replace(/^(\s*)[-*+] \[ \] /, "$1☐ ")
    .replace(/^(\s*)[-*+] \[[xX]\] /, "$1☑ ")
    .replace(/^(\s*)[-*+] +/, "$1• ");
  const plain = type === "text" ? item.replace(/^#{1,6} +/, "") : item;
  return quote + inline(plain, type);
}

/** Converts what stands inside a line, but nothing in `inline code`. */
function inline(line: string, type: TextType): string {
  const parts = line.split(/(`{1,3}[^`]+`{1,3})/);
  return parts.map((part, index) => (index % 2 === 1 ? part : inlineText(part, type))).join("");
}

function inlineText(text: string, type: TextType): string {
  const images = text.replace(
    /!\[([^\]]{0,300})\]\(([^)\s]{1,2000})[^)]{0,300}\)/g,
    (_, alt: string, url: string) => `[${alt || "图片"}](${url})`,
  );
  const upright = images.replace(/(?<![*\w\\])\*(?=[^\s*])([^*]+?)(?<=[^\s*])\*(?![*\w])/g, "$1");
  if (type === "markdown") return upright;
  return upright
    .replace(/\[([^\]]{1,300})\]\(([^)\s]{1,2000})\)/g, (_, label: string, url: string) =>
      label === url ? url : `${label} ${url} `,
    )
    .replace(/\*\*([^*]+)\*\*/g, "$1");
}
