import type { Run } from "./inline-runs";
import type { Block } from "./markdown-blocks";

type WithoutLinks<One> = One extends unknown ? Omit<One, "links"> : never;
/** `none`: a block that was there and is not any more. A list in a page's data cannot be shortened by a path. */
export type ShownBlock = WithoutLinks<Block> | { kind: "none" };
type Patch = Readonly<Record<string, unknown>>;

/** Well below the 64 KB that one setData may be: a character may be three bytes. */
const MAX_PATCH_CHARS = 12_000;

/** Blocks of a section of the view: each setData costs it a look at all that is in the section. */
export const SECTION_BLOCKS = 16;

/** A setData of one section, in whose `blocks` its blocks are. */
export interface SectionPatch {
  readonly section: number;
  readonly patch: Patch;
}

/** Knows which blocks a view has, and what brings it to others. */
export interface BlockPatches {
  /**
   * Only what differs. Each thing in a list gets its place as `key`, for the view's `wx:key`.
   *
   * @param from blocks before it are as they were
   */
  next(blocks: readonly Block[], from: number): SectionPatch[];
}

/** For a view without any blocks. */
export function openBlockPatches(): BlockPatches {
  const shown: ShownBlock[] = [];

  return {
    next(blocks, from) {
      const patches: SectionPatch[] = [];
      let entries: Entry[] = [];
      const end = Math.max(blocks.length, shown.length);
      for (let i = Math.min(from, shown.length); i < end; i++) {
        const place = i % SECTION_BLOCKS;
        const block = shownBlock(blocks[i], shown[i]);
        entries.push(...differences(`blocks[${place}]`, shown[i], block, place));
        shown[i] = block;
        if (place < SECTION_BLOCKS - 1 && i < end - 1) continue;
        const section = (i - place) / SECTION_BLOCKS;
        patches.push(...grouped(entries).map((patch) => ({ section, patch })));
        entries = [];
      }
      return patches;
    },
  };
}

const NO_RUN: Run = { text: "", look: "" };

/** As the view gets it: its runs are not fewer than before, but some may be empty. */
function shownBlock(block: Block | undefined, before: ShownBlock | undefined): ShownBlock {
  if (!block) return { kind: "none" };
  const { links: _, ...shown } = { links: [], ...block };
  if (!("runs" in shown) || !before || !("runs" in before)) return shown;
  const missing = Math.max(0, before.runs.length - shown.runs.length);
  return { ...shown, runs: [...shown.runs, ...Array.from({ length: missing }, () => NO_RUN)] };
}

type Entry = [path: string, value: unknown, chars: number];

/** What brings the data at a path from one value to another. What is the same object has not changed. */
function differences(path: string, before: unknown, after: unknown, key?: number): Entry[] {
  if (before === after) return [];
  if (isList(before) && isList(after) && after.length >= before.length)
    return after.flatMap((one, i) => differences(`${path}[${i}]`, before[i], one, i));
  if (isRecord(before) && isRecord(after) && haveSameNames(before, after))
    return Object.keys(after).flatMap((name) => differences(`${path}.${name}`, before[name], after[name]));
  return assignments(path, withKeys(after, key));
}

/** What sets a path to a value; of a large one first without what its lists hold, then that. */
function assignments(path: string, value: unknown): Entry[] {
  const chars = path.length + JSON.stringify(value).length;
  if (chars <= MAX_PATCH_CHARS) return [[path, value, chars]];
  if (isList(value)) return [[path, [], path.length], ...elements(path, value)];
  if (!isRecord(value)) return [[path, value, chars]];
  const shell = Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isList(one) ? [] : one]),
  );
  const inner = Object.entries(value).flatMap(([name, one]) =>
    isList(one) ? elements(`${path}.${name}`, one) : [],
  );
  return [[path, shell, path.length + JSON.stringify(shell).length], ...inner];
}

function elements(path: string, list: readonly unknown[]): Entry[] {
  return list.flatMap((one, i) => assignments(`${path}[${i}]`, one));
}

function withKeys(value: unknown, key?: number): unknown {
  if (isList(value)) return value.map((one, i) => withKeys(one, i));
  if (!isRecord(value)) return value;
  const inner = Object.entries(value).map(([name, one]) => [name, withKeys(one)]);
  return Object.fromEntries(key === undefined ? inner : [["key", key], ...inner]);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !isList(value);
}

function haveSameNames(a: object, b: object): boolean {
  return Object.keys(a).join() === Object.keys(b).join();
}

function grouped(entries: readonly Entry[]): Patch[] {
  const patches: Record<string, unknown>[] = [];
  let room = 0;
  for (const [path, value, chars] of entries) {
    if (chars > room) {
      patches.push({});
      room = MAX_PATCH_CHARS;
    }
    room -= chars;
    Object.assign(patches[patches.length - 1] ?? {}, { [path]: value });
  }
  return patches;
}
