export interface Piece {
  t: "delta" | "reasoning";
  text: string;
}

export interface ThinkSplitter {
  /** The pieces that are certain by now; the rest is held until it is. */
  push(text: string): Piece[];
  /** What is still held when the answer is over. */
  end(): Piece[];
}

const OPEN = "<think>";
const CLOSE = "</think>";

/**
 * Takes apart an answer that begins with `<think>…</think>`, as models write it whose server does not do so itself.
 * The tags may come in pieces. Only the beginning counts: later ones are the answer's own words.
 */
export function thinkSplitter(): ThinkSplitter {
  let place: "start" | "thinking" | "after" | "answer" = "start";
  let held = "";

  function start(): Piece[] {
    const begun = held.trimStart();
    if (begun.length < OPEN.length && OPEN.startsWith(begun)) return [];
    if (!begun.startsWith(OPEN)) {
      place = "answer";
      return release("delta", held.length);
    }
    place = "thinking";
    held = begun.slice(OPEN.length);
    return thinking();
  }

  function thinking(): Piece[] {
    const close = held.indexOf(CLOSE);
    if (close < 0) return release("reasoning", held.length - tagBegun(held));
    const thought = release("reasoning", close);
    place = "after";
    held = held.slice(CLOSE.length);
    return [...thought, ...after()];
  }

  /** The blank lines between the thought and the answer belong to neither. */
  function after(): Piece[] {
    held = held.trimStart();
    if (held === "") return [];
    place = "answer";
    return release("delta", held.length);
  }

  function release(t: Piece["t"], length: number): Piece[] {
    const text = held.slice(0, length);
    held = held.slice(length);
    return text === "" ? [] : [{ t, text }];
  }

  const steps = { start, thinking, after, answer: () => release("delta", held.length) };
  return {
    push: (text) => {
      held += text;
      return steps[place]();
    },
    end: () => release(place === "thinking" ? "reasoning" : "delta", held.length),
  };
}

/** How many characters at the end of the text may be the beginning of the closing tag. */
function tagBegun(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(CLOSE.slice(0, length))) return length;
  }
  return 0;
}
