import { describe, expect, test } from "bun:test";
import { type Block, blocksOf, blockText } from "./markdown-blocks";
import { lexBlocks } from "./markdown-lexer";
import { readInline } from "./read-inline";

const read = (text: string) => {
  const { tokens, definitions } = lexBlocks(text);
  return blocksOf(tokens, (inline) => readInline(inline, definitions));
};
const linksOf = (block: Block | undefined) => (block && "links" in block ? block.links : []);

describe("what may come through", () => {
  test("HTML is text, but for a line break", () => {
    const [block] = read('一 <img src=x onerror="alert(1)"> 二<br>三');
    expect(block && blockText(block)).toBe('一 <img src=x onerror="alert(1)"> 二\n三');
    expect(read('<script>alert("1")</script>')).toMatchObject([
      { kind: "rich", runs: [{ text: '<script>alert("1")</script>', look: "" }] },
    ]);
    expect(read("<div onclick=x>\n块\n</div>")).toMatchObject([
      { kind: "rich", runs: [{ text: "<div onclick=x> 块 </div>", look: "" }] },
    ]);
  });

  test("an address of the web or of mail is a link, with the address after another label", () => {
    const [block] = read("[文档](https://a.example/x?y=1&z=2) 和 <mailto:a@b.example>");
    expect(linksOf(block)).toEqual(["https://a.example/x?y=1&z=2", "mailto:a@b.example"]);
    expect(block && blockText(block)).toContain("文档（https://a.example/x?y=1&z=2）");
    expect(read("https://a.example").map(blockText)).toEqual(["https://a.example"]);
  });

  test.each([
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//a.example",
    "/x",
    "java&#115;cript:x",
  ])("%s is only its label", (address) => {
    const [block] = read(`[点这里](${address})`);
    expect(linksOf(block)).toEqual([]);
    expect(block && blockText(block)).toBe("点这里");
  });

  test("an image is a link to it; none of it is loaded", () => {
    const [block] = read("![图](https://a.example/i.png) ![坏](data:image/png;base64,AA==)");
    expect(linksOf(block)).toEqual(["https://a.example/i.png"]);
    expect(block && blockText(block)).toBe("图片：图（https://a.example/i.png） 图片：坏");
  });

  test("entities are what they stand for, once", () => {
    expect(read("3 &lt; 4 &amp;&amp; `&lt;` &#20013; &unknown;").map(blockText)).toEqual([
      "3 < 4 && &lt; 中 &unknown;",
    ]);
    expect(read("&lt;b&gt;").map(blockText)).toEqual(["<b>"]);
  });
});

describe("blocks", () => {
  test("lists are flattened: code in them can be copied by itself", () => {
    expect(read("1. 甲\n\n   ```js\n   x\n   ```\n2. 乙\n   - 丙\n")).toMatchObject([
      { kind: "rich", indent: 1, marker: "1." },
      { kind: "code", indent: 1, marker: "", lang: "js", runs: [{ text: "x" }] },
      { kind: "rich", indent: 1, marker: "2." },
      { kind: "rich", indent: 2, marker: "◦" },
    ]);
    expect(read("- [x] 好\n- [ ] 没好").map(({ marker }) => marker)).toEqual(["☑", "☐"]);
  });

  test("quotes, rules, headings and tables", () => {
    expect(read("## 题\n\n> 引\n\n---\n\n| a | b |\n|---|--:|\n| 1 | 2 |")).toMatchObject([
      { kind: "rich", level: 2 },
      { kind: "rich", quote: 1 },
      { kind: "rule" },
      {
        kind: "table",
        rows: [{ cells: [{ align: "left" }, { align: "right" }] }, { cells: [{}, {}] }],
      },
    ]);
  });

  test("bold is bold beside Chinese punctuation, too", () => {
    expect(read("**重点：**后文")).toMatchObject([
      {
        runs: [
          { text: "重点：", look: "strong" },
          { text: "后文", look: "" },
        ],
      },
    ]);
    expect(read("2 ** 3 ** 4").map(blockText)).toEqual(["2 ** 3 ** 4"]);
  });

  test("what is within something else has the looks of both", () => {
    const [block] = read("**粗的`代码`和*斜的[链接](https://a.example)***");
    expect(block).toMatchObject({
      runs: [
        { text: "粗的", look: "strong" },
        { text: "代码", look: "strong code" },
        { text: "和", look: "strong" },
        { text: "斜的", look: "strong em" },
        { text: "链接", look: "strong em link" },
        { text: "（https://a.example）", look: "strong em" },
      ],
    });
  });

  test("an item keeps its checkbox apart from its text, also with a paragraph below it", () => {
    const loose = read("- [ ] 没好\n\n  下一段\n- [x] 好");
    expect(loose.map(({ marker }) => marker)).toEqual(["☐", "", "☑"]);
    expect(loose.map(blockText)).toEqual(["没好", "下一段", "好"]);
  });

  test("however long it is, a paragraph is one block, and so is a code; nothing of them is lost", () => {
    const prose = "没有换行的一句话。".repeat(2000);
    expect(read(prose).map(blockText)).toEqual([prose]);
    const code = "let 变量 = 1;\n".repeat(800);
    expect(read(`\`\`\`\n${code}\`\`\``).map(blockText)).toEqual([code.trimEnd()]);
  });
});
