import type { Token } from "marked";
import { blocksOf, type TableCell } from "./markdown-blocks";

/** Rows that have come to a table, read with its head only; undefined when one of the lines is none. */
export function newRows(
  lex: (text: string) => Token[],
  head: string,
  lines: string,
): { rows: TableCell[][]; links: string[] } | undefined {
  if (
    lines
      .split("\n")
      .slice(0, -1)
      .some((line) => !line.includes("|"))
  )
    return undefined;
  const [table, ...others] = blocksOf(lex(head + lines));
  if (table?.kind !== "table" || others.length > 0) return undefined;
  return { rows: table.rows.slice(1), links: table.links };
}
