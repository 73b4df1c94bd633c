import type { Finding, Level } from "./finding.ts";

/** The words are for consoles that have no such glyphs, as on Windows. */
const MARKS: Readonly<Record<Level, string>> = {
  ok: "✔ [正常]",
  warning: "! [注意]",
  failed: "✘ [失败]",
};
const INDENT = " ".repeat(9);

/** A finding as lines for a terminal: what was found, and below it what to do. */
export function findingText({ level, title, message, advice }: Finding): string {
  const what = `${MARKS[level]} ${title}：${indented(message)}`;
  return advice === undefined ? what : `${what}\n${INDENT}怎么办：${indented(advice)}`;
}

export function summaryText(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [ok, warnings, failed] = [count("ok"), count("warning"), count("failed")];
  const counts = `共 ${findings.length} 项：${ok} 项正常，${warnings} 项需要注意，${failed} 项失败。`;
  if (failed > 0) return `${counts}请按“怎么办”处理失败的各项，然后再运行一次 doctor。`;
  return warnings > 0 ? `${counts}可以运行，但请看一下需要注意的各项。` : `${counts}一切正常。`;
}

function indented(text: string): string {
  return text.replaceAll("\n", `\n${INDENT}`);
}
