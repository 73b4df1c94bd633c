/** A key that nothing else of this person has; it is no secret. `kind` is what it begins with. */
export function newKey(kind: string): string {
  const random = () => Math.random().toString(36).slice(2, 12);
  return `${kind}-${Date.now().toString(36)}-${random()}${random()}`;
}
