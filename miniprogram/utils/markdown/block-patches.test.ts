import { expect, test } from "bun:test";
import { openBlockPatches, type ShownBlock } from "./block-patches";
import { openMarkdown } from "./markdown-stream";

/** What a view does with a patch. */
function apply(blocks: ShownBlock[], patch: Record<string, unknown>) {
  for (const [path, value] of Object.entries(patch)) {
    const steps = path.split(/[.[\]]+/).filter((step) => step !== "" && step !== "blocks");
    const last = steps.pop() ?? "";
    let at = blocks as unknown as Record<string, unknown>;
    for (const step of steps) at = at[step] as Record<string, unknown>;
    at[last] = value;
  }
}

const ANSWER = `# 题\n\n${"一段话。".repeat(20)}\n\n\`\`\`js\n${"let a = 1;\n".repeat(600)}\`\`\`\n\n| a | b |\n|---|---|\n${"| 甲 | **乙** |\n".repeat(300)}\n\n完`;

test("the patches of a growing text bring a view to its blocks, and each is small", () => {
  const markdown = openMarkdown();
  const patches = openBlockPatches("blocks");
  const view: ShownBlock[] = [];
  let sent = 0;
  for (let at = 0; at <= ANSWER.length; at += 97) {
    const from = markdown.update(ANSWER.slice(0, at), true);
    for (const patch of patches.next(markdown.blocks, from)) {
      const size = JSON.stringify(patch).length;
      expect(size).toBeLessThan(16_000);
      sent += size;
      apply(view, patch);
    }
    expect(view.filter(({ kind }) => kind !== "none")).toEqual([...markdown.blocks]);
  }
  // All of it each time would be a hundred times as much.
  expect(sent).toBeLessThan(ANSWER.length * 25);
});

test("a whole long answer comes in several", () => {
  const markdown = openMarkdown();
  markdown.update(ANSWER, false);
  const patches = openBlockPatches("blocks").next(markdown.blocks, 0);
  expect(patches.length).toBeGreaterThan(2);
  const view: ShownBlock[] = [];
  for (const patch of patches) apply(view, patch);
  expect(view).toEqual([...markdown.blocks]);
});

test("a shorter text leaves nothing of the longer one", () => {
  const patches = openBlockPatches("blocks");
  const markdown = openMarkdown();
  const view: ShownBlock[] = [];
  for (const text of ["一\n\n二\n\n三", "四"]) {
    const from = markdown.update(text, true);
    for (const patch of patches.next(markdown.blocks, from)) apply(view, patch);
  }
  expect(view.map(({ kind }) => kind)).toEqual(["rich", "none", "none"]);
});
