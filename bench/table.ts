import { availableParallelism, totalmem } from "node:os";
import { type Row, verdictOf } from "./row.ts";

const HEAD = ["what", "against", "figure", "at least", "aim", "verdict"] as const;
const GIB = 1024 ** 3;

function cells(row: Row): string[] {
  const { what, against, figure, unit, better, atLeast, aim } = row;
  const sign = better === "larger" ? "≥" : "≤";
  const limit = (goal: number | undefined) => (goal === undefined ? "–" : `${sign} ${goal}`);
  const digits = unit === "×" || unit === "s" ? 2 : 1;
  return [what, against, `${figure.toFixed(digits)} ${unit}`, limit(atLeast), limit(aim), verdictOf(row)];
}

/** The table for a terminal. */
export function plainTable(rows: readonly Row[]): string {
  const lines = [[...HEAD], ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (line: string[]) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return lines.map((line) => pad(line).trimEnd()).join("\n");
}

/** The table as a document, with what it was measured on. */
export function resultsDocument(
  rows: readonly Row[],
  made: { by: string; at: Date; seconds: number },
): string {
  const table = [[...HEAD], HEAD.map(() => "---"), ...rows.map(cells)];
  return [
    "# Benchmark results",
    "",
    `${made.at.toISOString().slice(0, 10)}, Bun ${Bun.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${Math.round(totalmem() / GIB)} GiB.`,
    `Made by \`${made.by}\` in ${Math.round(made.seconds)} s. Each figure is compared with a baseline of the same run. Rounds alternate, and medians count: a ratio is the median of the rounds' ratios, not that of the rates below.`,
    "Gateway (with its own Redis), agent, model server, baselines and load generators are processes of their own on this one machine.",
    "",
    ...table.map((line) => `| ${line.join(" | ")} |`),
    "",
    "What was seen:",
    "",
    ...rows.map(({ what, seen }) => `- ${what}: ${seen}.`),
    "",
  ].join("\n");
}
