/**
 * The content of the n-th (from 0) equal text to a member. WeCom swallows equal content as a duplicate, so a repeat that is
 * meant gets an invisible, distinct ending: 3 bytes at n = 1, 6 from n = 3, …, 48 from n = 65,535.
 */
export function markRepeat(content: string, n: number): string {
  // The binary digits of n + 1 without the leading one: all endings of length 1, then all of length 2, …
  const digits = (n + 1).toString(2).slice(1);
  return content + digits.replaceAll("0", "\u200B").replaceAll("1", "\u200C");
}
