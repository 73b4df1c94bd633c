/** Lines that are kept of what a test has printed before it failed: its error comes last. */
const MAX_LINES = 80;

/**
 * What failed in the output of `bun test`, each with its file and its error, so that it can be told once more where
 * nobody has to look for it. Bun prints a test's error before its `(fail)` line.
 */
export function failuresIn(output: string): string[] {
  const failures: string[] = [];
  let file = "";
  let lines: string[] = [];
  for (const line of output.split("\n")) {
    // Bun's own list of what failed, without the errors.
    if (/^\d+ tests? failed:$/.test(line)) break;
    const header = /^(\S+\.test\.\w+):$/.exec(line)?.[1];
    const isEnd = /^\((pass|fail|skip|todo)\)/.test(line);
    if (header !== undefined) file = header;
    if (line.startsWith("(fail)")) failures.push([`${file}:`, ...lines.slice(-MAX_LINES), line].join("\n"));
    if (header !== undefined || isEnd) lines = [];
    else lines.push(line);
  }
  return failures;
}
