import { describe, expect, test } from "bun:test";
import { endless, longAnswer } from "../../../test/miniprogram/long-answer.ts";
import { openBlockPatches, type SectionPatch, type ShownBlock } from "./block-patches";
import { withCaret } from "./caret";
import type { Block } from "./markdown-blocks";
import { openMarkdown } from "./markdown-stream";

type View = Map<number, ShownBlock[]>;

/** What a view does with a patch. */
function apply(view: View, { section, patch }: SectionPatch) {
  if (!view.has(section)) view.set(section, []);
  for (const [path, value] of Object.entries(patch)) {
    const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
    const last = steps.pop() ?? "";
    let at: Record<string, unknown> = { blocks: view.get(section) };
    for (const step of steps) at = at[step] as Record<string, unknown>;
    at[last] = structuredClone(value);
  }
}
function blocksIn(view: View): ShownBlock[] {
  return [...view.values()].flat();
}

/** What is seen of blocks: without keys, and without what is empty. */
function seen(blocks: readonly (Block | ShownBlock)[]): unknown {
  return blocks.filter(({ kind }) => kind !== "none").map((block) => withoutKeys({ ...block, links: [] }));
}
function withoutKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutKeys).filter((one) => !isBlank(one));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== "key");
  return Object.fromEntries(entries.map(([name, one]) => [name, withoutKeys(one)]));
}
function isBlank(value: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify({ text: "", look: "" });
}

/** Each thing in a list of the view has its place as its key. */
function keysOf(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    expect(value.map((one: { key?: unknown }) => one.key)).toEqual([...value.keys()]);
    return value.flatMap(keysOf);
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(keysOf) : [];
}

function read(text: string): readonly Block[] {
  const markdown = openMarkdown();
  markdown.update(text, false);
  return markdown.blocks;
}

function bytesOf({ patch }: SectionPatch): number {
  return new TextEncoder().encode(JSON.stringify(patch)).byteLength;
}

const ANSWER = `# 题\n\n${"一段话。".repeat(20)}\n\n\`\`\`js\n${"let a = 1;\n".repeat(600)}\`\`\`\n\n| a | b |\n|---|---|\n${"| 甲 | **乙** |\n".repeat(300)}\n\n完`;

test("the patches of a growing text bring a view to its blocks", () => {
  const markdown = openMarkdown();
  const patches = openBlockPatches();
  const view: View = new Map();
  for (let at = 0; at <= ANSWER.length; at += 97) {
    const from = markdown.update(ANSWER.slice(0, at), true);
    for (const patch of patches.next(markdown.blocks, from)) apply(view, patch);
    expect(seen(blocksIn(view))).toEqual(seen(markdown.blocks));
  }
  for (const blocks of view.values()) keysOf(blocks);
});

test("a whole long answer comes in several", () => {
  const markdown = openMarkdown();
  markdown.update(ANSWER, false);
  const patches = openBlockPatches().next(markdown.blocks, 0);
  expect(patches.length).toBeGreaterThan(2);
  const view: View = new Map();
  for (const patch of patches) apply(view, patch);
  expect(seen(blocksIn(view))).toEqual(seen(markdown.blocks));
  for (const blocks of view.values()) keysOf(blocks);
});

test("a shorter text leaves nothing of the longer one", () => {
  const patches = openBlockPatches();
  const markdown = openMarkdown();
  const view: View = new Map();
  for (const text of ["一**二**三\n\n二\n\n三", "四"]) {
    const from = markdown.update(text, true);
    for (const patch of patches.next(markdown.blocks, from)) apply(view, patch);
  }
  expect(blocksIn(view).map(({ kind }) => kind)).toEqual(["rich", "none", "none"]);
  expect(seen(blocksIn(view))).toEqual(seen(markdown.blocks));
});

test("a long table that loses a row is sent anew, in several", () => {
  const { table: text } = endless(20_000);
  const [table] = read(text);
  if (table?.kind !== "table") throw new Error("no table");
  const patches = openBlockPatches();
  const view: View = new Map();
  for (const rows of [table.rows, table.rows.slice(0, -1)]) {
    const sent = patches.next([{ ...table, rows }], 0);
    expect(sent.length).toBeGreaterThan(2);
    for (const patch of sent) {
      expect(bytesOf(patch)).toBeLessThan(40_000);
      apply(view, patch);
    }
    expect(seen(blocksIn(view))).toEqual(seen([{ ...table, rows }]));
  }
});

describe("what is sent of a long text", () => {
  const CHARS = 20_000;
  const GROWING_CHARS = 6_000;
  const STEP_CHARS = 20;
  /** Of one setData the limit is 64 KB; while a text grows it is far below. */
  const MAX_BYTES = 40_000;
  const MAX_GROWTH_BYTES = 2_000;
  /** Many times the text itself; but what is sent whole with each growth is 150 times as much. */
  const MAX_SENT = 20;

  const texts = (chars: number) => Object.entries({ ...endless(chars), "mixed answer": longAnswer(chars) });

  for (const [name, text] of texts(GROWING_CHARS))
    test(`${name}: each patch is small, and all of them are not much`, () => {
      const markdown = openMarkdown();
      const patches = openBlockPatches();
      const view: View = new Map();
      const sizes: number[] = [];
      for (let at = STEP_CHARS; at < text.length; at += STEP_CHARS) {
        const from = markdown.update(text.slice(0, at), true);
        const first = Math.max(0, Math.min(from, markdown.blocks.length - 1) - 1);
        for (const patch of patches.next(withCaret(markdown.blocks), first)) {
          sizes.push(bytesOf(patch));
          apply(view, patch);
        }
      }
      expect(seen(blocksIn(view))).toEqual(seen(withCaret(markdown.blocks)));
      // A row of a table comes when it has ended.
      expect(Math.max(...sizes)).toBeLessThan(name === "cell" ? MAX_BYTES : MAX_GROWTH_BYTES);
      const sent = sizes.reduce((a, b) => a + b, 0);
      expect(sent).toBeLessThan(MAX_SENT * new TextEncoder().encode(text).byteLength);
    });

  for (const [name, text] of texts(CHARS))
    test(`${name}: at once it goes in several, each small enough`, () => {
      const markdown = openMarkdown();
      markdown.update(text, false);
      const view: View = new Map();
      for (const patch of openBlockPatches().next(markdown.blocks, 0)) {
        expect(bytesOf(patch)).toBeLessThan(MAX_BYTES);
        apply(view, patch);
      }
      expect(seen(blocksIn(view))).toEqual(seen(markdown.blocks));
    });
});
