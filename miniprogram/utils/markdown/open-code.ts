import { pieces } from "../screen/pieces";
import { type Run, RUN_CHARS } from "./inline-runs";
import { codeRuns } from "./markdown-blocks";
import { closes, mayClose, type OpenFence, unindented } from "./open-fence";

/** A code that is being written. What has come of it is not read again. */
export interface OpenCode {
  /**
   * @param text all of it, which is what it was before and more
   * @returns the code's runs; undefined when the code has ended
   */
  goOn(text: string): readonly Run[] | undefined;
}

/** @param from where the code begins in the text */
export function openCode(fence: OpenFence, from: number): OpenCode {
  const done: Run[] = [];
  let rest = "";
  let at = from;
  let isInLine = false;

  /** False: it was a line that ends the code. */
  function takeLine(line: string, isEnded: boolean): boolean {
    if (!isInLine && closes(fence, line)) return false;
    rest += (isInLine ? line : unindented(line, fence)) + (isEnded ? "\n" : "");
    isInLine = !isEnded;
    return true;
  }

  return {
    goOn(text) {
      while (at < text.length) {
        const end = text.indexOf("\n", at);
        const line = text.slice(at, end < 0 ? text.length : end);
        if (end < 0 && !isInLine && mayClose(line)) break;
        if (!takeLine(line, end >= 0)) return undefined;
        at += line.length + (end < 0 ? 0 : 1);
      }
      const parts = pieces(rest, RUN_CHARS);
      rest = parts.pop() ?? "";
      done.push(...parts.map((part) => ({ text: part, look: "" })));
      return [...done, ...codeRuns(rest)];
    },
  };
}
