import { describe, expect, test } from "bun:test";
import { endless, longAnswer } from "../../../test/miniprogram/long-answer.ts";
import { blockText } from "./markdown-blocks";
import { type MarkdownStream, openMarkdown } from "./markdown-stream";

const ANSWER = [
  "# 部署步骤\n\n先看**重点：**这一步不能省略，`systemctl` 要用管理员的身份运行，详见 [文档](https://example.com/docs)。\n\n",
  "1. 第一步：下载程序，解压到目标目录里面去\n2. 第二步：运行\n\n   ```bash\n   sudo systemctl start claw\n\n     echo `ok`\n   ```\n\n3. 第三步：检查，看到 **绿色** 就说明成功了\n   - 甲的内容\n   - 乙的内容\n\n",
  "| 名称 | 用途 | 数量 |\n|---|:-:|--:|\n| 网关 | `转发` | 1 |\n| 智能体 | **回答** | 22 |\n\n",
  "```ts\nconst a: number = 1;\nif (a < 2 && a > 0) {\n  console.log(`*${a}*`);\n}\n```\n\n",
  "> 引用的一段话，后面还有 https://example.com/a?b=1&c=2 这样的地址\n> 第二行\n\n---\n\n",
  "An English paragraph with *emphasis*, some_snake_case, 3 < 4 &amp; more. It ends here\nwith a second line.\n\n",
  "- [ ] 未完成\n- [x] 已完成\n\n1. a\n1. b\n1. c\n\n最后一段。",
].join("");

/** Deterministic: the same lengths for each run. */
function* cuts(length: number, seed: number, most: number) {
  let state = seed;
  for (let at = 0; at < length;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    at = Math.min(length, at + 1 + (state % most));
    yield at;
  }
}

function read(text: string, streaming = false): MarkdownStream {
  const markdown = openMarkdown();
  markdown.update(text, streaming);
  return markdown;
}

describe("a growing text", () => {
  test("has the same blocks as the whole, however it is cut", () => {
    const whole = read(ANSWER).blocks;
    for (let seed = 1; seed <= 24; seed++) {
      const markdown = openMarkdown();
      for (const at of cuts(ANSWER.length, seed, (seed % 20) + 1)) markdown.update(ANSWER.slice(0, at), true);
      markdown.update(ANSWER, false);
      expect(markdown.blocks).toEqual([...whole]);
    }
  });

  test("is shown at each step as if it had come at once", () => {
    for (let seed = 1; seed <= 5; seed++) {
      const markdown = openMarkdown();
      for (const at of cuts(ANSWER.length, seed, seed + 2)) {
        const text = ANSWER.slice(0, at);
        markdown.update(text, true);
        const [grown, once] = [markdown, read(text, true)].map(({ blocks }) =>
          blocks.map((block) => blockText(block).trimEnd()),
        );
        expect(grown).toEqual(once ?? []);
      }
    }
  });

  test("character by character: escaped ones, entities and addresses", () => {
    const text =
      "这一行不是别的了，里面有转义的 \\#，3 &lt; 4，a@b.example、www.a.example 和 https://b.example/x，完";
    const markdown = openMarkdown();
    for (let at = 1; at <= text.length; at++) {
      const part = text.slice(0, at);
      markdown.update(part, true);
      expect(markdown.blocks.map(blockText)).toEqual(read(part, true).blocks.map(blockText));
    }
  });

  test("tells the first block that may have changed: those before it are as they were", () => {
    const markdown = openMarkdown();
    let shown: string[] = [];
    for (const at of cuts(ANSWER.length, 7, 15)) {
      const from = markdown.update(ANSWER.slice(0, at), true);
      const now = markdown.blocks.map((block) => JSON.stringify(block));
      expect(now.slice(0, from)).toEqual(shown.slice(0, from));
      shown = now;
    }
  });

  test("never shows a mark that is about to become bold, code or a link", () => {
    const text = "这是一段**很重要 and so on**的话，运行 `npm test` 然后看[说明](https://example.com/x)就行";
    const markdown = openMarkdown();
    for (let at = 1; at <= text.length; at++) {
      markdown.update(text.slice(0, at), true);
      expect(markdown.blocks.map(blockText).join("")).not.toMatch(/[*`]|\]\(|https?:[^）]*$/);
    }
  });

  test("an open code and an open table are shown as such", () => {
    expect(read("说明\n\n```js\nlet a", true).blocks.at(-1)).toMatchObject({
      kind: "code",
      lang: "js",
      runs: [{ text: "let a" }],
    });
    const row = { cells: [{}, {}] };
    expect(read("```js\nlet a\n``", true).blocks).toMatchObject([
      { kind: "code", runs: [{ text: "let a" }] },
    ]);
    expect(read("| a | b |\n", true).blocks).toMatchObject([{ kind: "table", rows: [row] }]);
    expect(read("| a | b |\n|--", true).blocks).toMatchObject([{ kind: "table", rows: [row] }]);
    expect(read("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 ", true).blocks).toMatchObject([
      { kind: "table", rows: [row, row] },
    ]);
  });

  test("one that is replaced by another is read anew", () => {
    const markdown = openMarkdown();
    markdown.update("# 旧的\n\n内容内容内容内容内容内容内容", true);
    expect(markdown.update("新的", true)).toBe(0);
    expect(markdown.blocks.map(blockText)).toEqual(["新的"]);
  });
});

describe("a growing text without an end in sight", () => {
  const CHARS = 4_000;
  for (const [name, text] of Object.entries(endless(CHARS))) {
    test(`${name}: has the same blocks as the whole, and at each step as if it had come at once`, () => {
      const markdown = openMarkdown();
      let steps = 0;
      for (const at of cuts(text.length, 3, 40)) {
        const part = text.slice(0, at);
        markdown.update(part, true);
        if (++steps % 8 > 0) continue;
        const [grown, once] = [markdown, read(part, true)].map(({ blocks }) =>
          blocks.map((block) => blockText(block).trimEnd()),
        );
        expect(grown).toEqual(once ?? []);
      }
      markdown.update(text, false);
      expect(markdown.blocks).toEqual([...read(text).blocks]);
    });
  }

  const words = "一段很长的内容，没有别的标记。".repeat(80);
  test.each([
    ["a mark that does not end in its line", `前面**${words}\n${words}\n\n后面`],
    ["a mark that does not end in the text", `前面**${words}`],
    ["a code that does not end", `- 前面\`${words}\n- 后面`],
    ["a long item with another list", `1. ${words}\n   - ${words}\n     - ${words}\n2. ${words}`],
    ["a list with equal numbers", `- 外层\n${`  1. ${words.slice(0, 90)}\n`.repeat(40)}`],
    [
      "a quote with a list and a code",
      `> ${words}\n> - ${words}\n>\n>   \`\`\`\n>   x\n>   \`\`\`\n> - ${words}`,
    ],
    ["a heading by its underline", `${words}\n---\n\n${words}`],
    ["a task with paragraphs", `- [x] ${words}\n\n  ${words}\n- [ ] ${words}`],
    ["marks at the beginning of a part", `- ${"- 一。# 二。1. 三。> 四。".repeat(200)}`],
  ])("%s", (_, text) => {
    for (let seed = 1; seed <= 4; seed++) {
      const markdown = openMarkdown();
      for (const at of cuts(text.length, seed, 30)) markdown.update(text.slice(0, at), true);
      markdown.update(text, false);
      const [grown, once] = [markdown, read(text)].map(({ blocks }) =>
        blocks.map((block) => [{ ...block, runs: [], links: [] }, blockText(block)]),
      );
      expect(grown).toEqual(once ?? []);
    }
  });
});

describe("the cost", () => {
  /** Twice what a step may read. */
  const CHARS = 8_000;
  // 100 deltas a second of 2 characters, shown every 100 ms.
  const FLUSH_CHARS = 20;
  /** Read at a step, however long the text is; a step takes about a millisecond where there are many marks. */
  const MAX_STEP_CHARS = 4_000;
  const { cell, code, "line of code": codeLine, ...texts } = endless(CHARS);

  for (const [name, text] of Object.entries({ ...texts, "mixed answer": longAnswer(CHARS) })) {
    test(`${name}: no step reads more than the end of the text`, () => {
      const markdown = openMarkdown();
      let most = 0;
      for (let at = FLUSH_CHARS; at < text.length; at += FLUSH_CHARS) {
        const before = markdown.lexed;
        markdown.update(text.slice(0, at), true);
        most = Math.max(most, markdown.lexed - before);
      }
      expect(most).toBeLessThan(MAX_STEP_CHARS);
    });
  }

  for (const [name, text] of Object.entries({ cell, code, "line of code": codeLine })) {
    test(`${name}: it is read once when it begins, and once when it has ended`, () => {
      const markdown = openMarkdown();
      for (let at = FLUSH_CHARS; at < text.length; at += FLUSH_CHARS)
        markdown.update(text.slice(0, at), true);
      markdown.update(text, false);
      expect(markdown.lexed / text.length).toBeLessThan(2.1);
    });
  }
});
