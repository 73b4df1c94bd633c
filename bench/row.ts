import type { Settings } from "./settings.ts";

/** One line of the table. */
export interface Row {
  what: string;
  /** What the figure is compared with. */
  against: string;
  /** What was seen, in words: the rates or times behind the figure, and how they came about. */
  seen: string;
  figure: number;
  unit: "×" | "ms" | "s" | "KiB" | "MB" | "%" | "calls";
  /** Whether a larger figure is a better one. */
  better: "larger" | "smaller";
  /** Absent, as the aim is then, for a figure that is only to be known. */
  atLeast?: number;
  aim?: number;
}

export type Verdict = "aim reached" | "at least reached" | "missed" | "–";

export function verdictOf({ figure, better, atLeast, aim }: Row): Verdict {
  if (atLeast === undefined || aim === undefined) return "–";
  const reaches = (goal: number) => (better === "larger" ? figure >= goal : figure <= goal);
  if (reaches(aim)) return "aim reached";
  return reaches(atLeast) ? "at least reached" : "missed";
}

/** Measures one part of the table. Tells of its progress in single lines. */
export type Measurement = (settings: Settings, say: (line: string) => void) => Promise<Row[]>;
