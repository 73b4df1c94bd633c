/** Well below the 64 KB that one setData may be; a character may be three bytes. */
const MAX_PATCH_CHARS = 16_000;

type Patch = Record<string, unknown>;

/**
 * What brings a list in a page's data from `before` to `after`: one setData each, with only the rows that differ, and small
 * enough.
 */
export function listPatches<Row>(path: string, before: readonly Row[], after: readonly Row[]): Patch[] {
  // A list is never shortened by a path: it begins anew.
  const kept = after.length < before.length ? [] : before;
  const patches: Patch[] = [];
  let patch: Patch = kept === before ? {} : { [path]: [] };
  let room = MAX_PATCH_CHARS;
  after.forEach((row, i) => {
    const json = JSON.stringify(row);
    if (i < kept.length && json === JSON.stringify(kept[i])) return;
    if (json.length > room) {
      patches.push(patch);
      patch = {};
      room = MAX_PATCH_CHARS;
    }
    room -= json.length;
    patch[`${path}[${i}]`] = row;
  });
  patches.push(patch);
  return patches.filter((one) => Object.keys(one).length > 0);
}
