/** A text in two, the first of at most `limit` characters; no character outside the basic plane is cut in two. */
export function halves(text: string, limit: number): [head: string, tail: string] {
  const isInside = text.length > limit && /[\uD800-\uDBFF]$/.test(text.slice(0, limit));
  const cut = isInside ? limit - 1 : limit;
  return [text.slice(0, cut), text.slice(cut)];
}
