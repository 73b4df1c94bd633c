/**
 * Cuts a text into pieces of at most `limit` characters, best after a line, else after a sentence. Where a text goes on,
 * the pieces before the last stay the same.
 */
export function pieces(text: string, limit: number): string[] {
  const result: string[] = [];
  let from = 0;
  while (text.length - from > limit) {
    const cut = cutOf(text, from, limit);
    result.push(text.slice(from, cut));
    from = cut;
  }
  if (from < text.length || result.length === 0) result.push(text.slice(from));
  return result;
}

function cutOf(text: string, from: number, limit: number): number {
  const piece = text.slice(from, from + limit);
  const least = Math.floor(limit / 2);
  const line = piece.lastIndexOf("\n") + 1;
  if (line > least) return from + line;
  const sentence = Math.max(
    ...["。", "！", "？", "；", ". ", " "].map((end) => piece.lastIndexOf(end) + end.length),
  );
  let cut = sentence > least && sentence < limit ? sentence : limit;
  while (cut > least && isInCharacter(text, from + cut)) cut--;
  return from + cut;
}

/** Marks, variation selectors and joiners belong to the character before them; so do halves of a pair, and skin tones. */
const GOES_ON: readonly (readonly [from: number, to: number])[] = [
  [0x0300, 0x036f],
  [0x200d, 0x200d],
  [0x20d0, 0x20ff],
  [0xfe00, 0xfe0f],
  [0xdc00, 0xdfff],
  [0x1f3fb, 0x1f3ff],
];
/** Two of them are a flag. */
const FLAG_LETTERS = [0x1f1e6, 0x1f1ff] as const;
const JOINER = "\u200d";

/** Whether a cut there would go through what is seen as one character. */
export function isInCharacter(text: string, at: number): boolean {
  if (text[at - 1] === JOINER || GOES_ON.some((range) => isIn(text, at, range))) return true;
  let letters = 0;
  while (isIn(text, at - 2 * (letters + 1), FLAG_LETTERS)) letters++;
  return letters % 2 === 1 && isIn(text, at, FLAG_LETTERS);
}

function isIn(text: string, at: number, [from, to]: readonly [from: number, to: number]): boolean {
  const code = text.codePointAt(at);
  return code !== undefined && from <= code && code <= to;
}
