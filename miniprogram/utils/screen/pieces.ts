/**
 * Cuts a text into pieces of at most `limit` characters, best after a line, else after a sentence. Where a text goes on,
 * the pieces before the last stay the same.
 */
export function pieces(text: string, limit: number): string[] {
  const result: string[] = [];
  let from = 0;
  while (text.length - from > limit) {
    const cut = from + cutOf(text.slice(from, from + limit));
    result.push(text.slice(from, cut));
    from = cut;
  }
  if (from < text.length || result.length === 0) result.push(text.slice(from));
  return result;
}

function cutOf(piece: string): number {
  const least = Math.floor(piece.length / 2);
  const line = piece.lastIndexOf("\n") + 1;
  if (line > least) return line;
  const sentence = Math.max(
    ...["。", "！", "？", "；", ". ", " "].map((end) => piece.lastIndexOf(end) + end.length),
  );
  if (sentence > least && sentence < piece.length) return sentence;
  // Not between the two halves of a character outside the basic plane.
  return /[\uD800-\uDBFF]$/.test(piece) ? piece.length - 1 : piece.length;
}
