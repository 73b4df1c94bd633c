const TONES = 3;

/** What stands for a person without a picture: the first character of the name, or "" for no name. */
export function initialOf(name: string): string {
  return (Array.from(name.trim())[0] ?? "").toUpperCase();
}

/** Which of the soft colours (from 0) a name has: always the same one. */
export function toneOf(name: string): number {
  let sum = 0;
  for (const character of name) sum += character.codePointAt(0) ?? 0;
  return sum % TONES;
}
