import type { Problem, ProblemKind, Problems } from "./report.ts";

/** Collects problems, and shows each in the browser's console. Catches what nothing else catches. */
export function openProblems(): Problems {
  const found: Problem[] = [];
  const consoleError = console.error.bind(console);
  const report = (kind: ProblemKind, text: string) => {
    if (found.some((one) => one.kind === kind && one.text === text)) return;
    found.push({ kind, text });
    consoleError(`[mini-program ${kind}] ${text}`);
  };
  console.error = (...values: unknown[]) => {
    found.push({ kind: "console", text: values.map(textOf).join(" ") });
    consoleError(...values);
  };
  window.addEventListener("error", (event) => {
    // An element that does not load has its own event.
    if (event instanceof ErrorEvent) report("error", textOf(event.error ?? event.message));
  });
  window.addEventListener("unhandledrejection", (event) => report("rejection", textOf(event.reason)));
  return { report, list: () => found };
}

/** Errors with their stack; what fails in WeChat's way with its errMsg. */
export function textOf(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message;
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "errMsg" in value) return String(value.errMsg);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
