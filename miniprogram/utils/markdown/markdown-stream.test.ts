import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { blockText } from "./markdown-blocks";
import { type MarkdownStream, openMarkdown } from "./markdown-stream";

// Much reading: a busy machine takes its time.
setDefaultTimeout(30_000);

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
    const text = "这是一段**很重要**的话，运行 `npm test` 然后看[说明](https://example.com/x)就行";
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
      parts: ["let a"],
    });
    expect(read("```js\nlet a\n``", true).blocks).toMatchObject([{ kind: "code", parts: ["let a"] }]);
    expect(read("| a | b |\n", true).blocks).toMatchObject([{ kind: "table", rows: [[{}, {}]] }]);
    expect(read("| a | b |\n|--", true).blocks).toMatchObject([{ kind: "table", rows: [[{}, {}]] }]);
    expect(read("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 ", true).blocks).toMatchObject([
      {
        kind: "table",
        rows: [
          [{}, {}],
          [{}, {}],
        ],
      },
    ]);
  });

  test("one that is replaced by another is read anew", () => {
    const markdown = openMarkdown();
    markdown.update("# 旧的\n\n内容内容内容内容内容内容内容", true);
    expect(markdown.update("新的", true)).toBe(0);
    expect(markdown.blocks.map(blockText)).toEqual(["新的"]);
  });
});

describe("the cost", () => {
  const long = ANSWER.repeat(Math.ceil(20_000 / ANSWER.length)).slice(0, 20_000);
  // 100 deltas a second of 2 characters, shown every 100 ms.
  const FLUSH_CHARS = 20;

  for (const [name, text] of [
    ["a mixed answer", long],
    [
      "Chinese prose",
      `${"这是一段没有任何标记的中文内容，用来说明情况。".repeat(12)}\n\n`.repeat(70).slice(0, 20_000),
    ],
    ["one long code", `\`\`\`ts\n${"const value = `a*b` + other_name; // |\n".repeat(510)}`.slice(0, 20_000)],
    [
      "one long table",
      `| a | b |\n|---|---|\n${"| 一个**单元格** | 另一个 |\n".repeat(1000)}`.slice(0, 20_000),
    ],
    ["one long list", "- **条目：**这里是说明文字，大约三十个字左右的样子吧\n".repeat(800).slice(0, 20_000)],
    ["no line break at all", "一直不换行的内容，".repeat(2300).slice(0, 20_000)],
  ] as const) {
    test(`${name}: 20,000 characters are read three times at most, each step in < 4 ms`, () => {
      const markdown = openMarkdown();
      const begin = performance.now();
      let steps = 0;
      for (let at = FLUSH_CHARS; at < text.length; at += FLUSH_CHARS, steps++)
        markdown.update(text.slice(0, at), true);
      markdown.update(text, false);
      const perStep = (performance.now() - begin) / steps;
      expect(markdown.lexed / text.length).toBeLessThan(3);
      expect(perStep).toBeLessThan(4);
    });
  }
});
