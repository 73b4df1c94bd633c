import { expect, test } from "bun:test";
import { listPatches } from "./list-patch";

interface Row {
  id: number;
  text: string;
}
const row = (id: number, text = "文"): Row => ({ id, text });

/** What WeChat makes of the patches. */
function apply(before: Row[], patches: Record<string, unknown>[]): Row[] {
  let rows = [...before];
  for (const [path, value] of patches.flatMap((patch) => Object.entries(patch))) {
    const index = /^rows\[(\d+)\]$/.exec(path)?.[1];
    if (index === undefined) rows = [...(value as Row[])];
    else if (Number(index) > rows.length) throw new Error("a hole");
    else rows[Number(index)] = value as Row;
  }
  return rows;
}

test("only what differs is sent", () => {
  const before = [row(1), row(2), row(3)];
  expect(listPatches("rows", before, [...before])).toEqual([]);
  expect(listPatches("rows", before, [row(1), row(2, "新"), row(3)])).toEqual([{ "rows[1]": row(2, "新") }]);
  expect(listPatches("rows", before, [...before, row(4)])).toEqual([{ "rows[3]": row(4) }]);
  expect(listPatches("rows", [], [row(1)])).toEqual([{ "rows[0]": row(1) }]);
});

test("a list that gets shorter, or empty, begins anew", () => {
  const before = [row(1), row(2), row(3)];
  expect(apply(before, listPatches("rows", before, [row(1), row(3)]))).toEqual([row(1), row(3)]);
  expect(listPatches("rows", before, [])).toEqual([{ rows: [] }]);
  expect(listPatches("rows", [], [])).toEqual([]);
});

test("long lists go in several pieces, each small enough", () => {
  const after = Array.from({ length: 400 }, (_, i) => row(i, "任务".repeat(100)));
  const patches = listPatches("rows", [], after);
  expect(patches.length).toBeGreaterThan(2);
  for (const patch of patches) expect(new Blob([JSON.stringify(patch)]).size).toBeLessThan(64 * 1024);
  expect(apply([], patches)).toEqual(after);
});
