import type { Block } from "./markdown-blocks";

/** `none`: a block that was there and is not any more. A list in a page's data cannot be shortened by a path. */
export type ShownBlock = Block | { kind: "none" };
type Patch = Record<string, unknown>;

/** Well below the 64 KB that one setData may be: a character may be three bytes. */
const MAX_PATCH_CHARS = 12_000;

/** Knows which blocks a view has, and what brings it to others. */
export interface BlockPatches {
  /**
   * One setData each, with only what differs.
   * @param from blocks before it are as they were
   */
  next(blocks: readonly Block[], from: number): Patch[];
}

/** @param path of the list in the data, whose value is empty */
export function openBlockPatches(path: string): BlockPatches {
  const shown: string[] = [];

  return {
    next(blocks, from) {
      const entries: [path: string, value: unknown, json: string][] = [];
      for (let i = Math.min(from, shown.length); i < Math.max(blocks.length, shown.length); i++) {
        const block: ShownBlock = blocks[i] ?? { kind: "none" };
        const json = JSON.stringify(block);
        if (json === shown[i]) continue;
        entries.push(...entriesOf(`${path}[${i}]`, block, json, shown[i]));
        shown[i] = json;
      }
      return grouped(entries);
    },
  };
}

type Entry = [path: string, value: unknown, json: string];

/** Of a code or a table that has grown, the parts that differ; a long one in several pieces. */
function entriesOf(path: string, block: ShownBlock, json: string, before: string | undefined): Entry[] {
  const name = block.kind === "code" ? "parts" : "rows";
  const list = listOf(block);
  const old = before === undefined ? undefined : (JSON.parse(before) as ShownBlock);
  const oldList = old && listOf(old);
  const grows = list && oldList && list.length >= oldList.length && isSameBut(name, block, old);
  if (!list || (!grows && json.length <= MAX_PATCH_CHARS)) return [[path, block, json]];
  const head: Entry[] = grows ? [] : [[path, { ...block, [name]: [] }, ""]];
  const kept = grows ? oldList.map((part) => JSON.stringify(part)) : [];
  return list.reduce<Entry[]>((entries, part, k) => {
    const partJson = JSON.stringify(part);
    if (partJson !== kept[k]) entries.push([`${path}.${name}[${k}]`, part, partJson]);
    return entries;
  }, head);
}

function listOf(block: ShownBlock): readonly unknown[] | undefined {
  if (block.kind === "code") return block.parts;
  return block.kind === "table" ? block.rows : undefined;
}

function isSameBut(name: "parts" | "rows", a: ShownBlock, b: ShownBlock): boolean {
  return JSON.stringify({ ...a, [name]: [] }) === JSON.stringify({ ...b, [name]: [] });
}

function grouped(entries: readonly Entry[]): Patch[] {
  const patches: Patch[] = [];
  let room = 0;
  for (const [path, value, json] of entries) {
    if (json.length > room) {
      patches.push({});
      room = MAX_PATCH_CHARS;
    }
    room -= json.length;
    Object.assign(patches[patches.length - 1] ?? {}, { [path]: value });
  }
  return patches;
}
