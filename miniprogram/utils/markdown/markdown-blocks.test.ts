import { describe, expect, test } from "bun:test";
import { type Block, blocksOf, blockText } from "./markdown-blocks";
import { lexMarkdown } from "./markdown-lexer";

const read = (text: string) => blocksOf(lexMarkdown(text));
const linksOf = (block: Block | undefined) => (block && "links" in block ? block.links : []);
const json = (text: string) => JSON.stringify(read(text));

describe("what may come through", () => {
  test("HTML is text, but for a line break", () => {
    const [block] = read('一 <img src=x onerror="alert(1)"> 二<br>三');
    expect(block && blockText(block)).toBe('一 <img src=x onerror="alert(1)"> 二三');
    expect(json('<script>alert("1")</script>')).toContain("&lt;script&gt;");
    expect(json("<div onclick=x>\n块\n</div>")).not.toMatch(/"name":"(?:div|script)"/);
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
    expect(JSON.stringify(block)).not.toContain('"img"');
  });

  test("entities are what they stand for, once", () => {
    expect(read("3 &lt; 4 &amp;&amp; `&lt;` &#20013; &unknown;").map(blockText)).toEqual([
      "3 < 4 && &lt; 中 &unknown;",
    ]);
    expect(json("&lt;b&gt;")).toContain("&lt;b&gt;");
  });
});

describe("blocks", () => {
  test("lists are flattened: code in them can be copied by itself", () => {
    expect(read("1. 甲\n\n   ```js\n   x\n   ```\n2. 乙\n   - 丙\n")).toMatchObject([
      { kind: "rich", indent: 1, marker: "1." },
      { kind: "code", indent: 1, marker: "", lang: "js", parts: ["x"] },
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
        rows: [
          [{ align: "left" }, { align: "right" }],
          [{}, {}],
        ],
      },
    ]);
  });

  test("bold is bold beside Chinese punctuation, too", () => {
    expect(json("**重点：**后文")).toContain('"name":"strong"');
    expect(read("**重点：**后文").map(blockText)).toEqual(["重点：后文"]);
    expect(read("2 ** 3 ** 4").map(blockText)).toEqual(["2 ** 3 ** 4"]);
  });

  test("a very long paragraph or code is cut, and nothing of it is lost", () => {
    const prose = "没有换行的一句话。".repeat(2000);
    const blocks = read(prose);
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.map(blockText).join("")).toBe(prose);
    const code = "let 变量 = 1;\n".repeat(800);
    const [block] = read(`\`\`\`\n${code}\`\`\``);
    expect(block?.kind === "code" && block.parts.length > 3).toBe(true);
    expect(block && blockText(block)).toBe(code.trimEnd());
  });
});
