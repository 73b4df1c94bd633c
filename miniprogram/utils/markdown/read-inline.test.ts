import { describe, expect, test } from "bun:test";
import { inlineOf, plainText, type Run } from "./inline-runs";
import { lexInline } from "./markdown-lexer";
import { readInline } from "./read-inline";

/** What is seen of runs: where one ends and the next begins is not. */
function seen(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const { text, look: looks } of runs) {
    const look = looks.replace(/ ?cut-(?:before|after)/g, "");
    const last = result.at(-1);
    if (last?.look === look) result[result.length - 1] = { text: last.text + text, look };
    else result.push({ text, look });
  }
  return result;
}
const readInParts = (text: string) => readInline(text, {});
const readAtOnce = (text: string) => inlineOf(lexInline(text, {}));

const SENTENCES = [
  "这是一段**很重要**的话，",
  "运行 `npm test -- --watch` 就知道，",
  "*强调的*和~~删去的~~都在，",
  "见[说明](https://a.example/x?y=1&z=2)，",
  "地址是 https://b.example/path 不要写错，",
  "English words, snake_case_names and 3 < 4 &amp; more, ",
  "换行\n以后**粗的`代码`在里面**也行，",
  "👩‍💻 和 <b>不是标签</b>，",
];

describe("a long text is read in parts, and looks as if it had been read at once", () => {
  test("with marks of all kinds, wherever it is cut", () => {
    for (let first = 0; first < SENTENCES.length; first++) {
      const text = Array.from({ length: 120 }, (_, i) => SENTENCES[(first + i * 3) % 8]).join("");
      expect(seen(readInParts(text).runs)).toEqual(seen(readAtOnce(text).runs));
      expect(readInParts(text).links).toEqual(readAtOnce(text).links);
    }
  });

  const words = "一段很长的内容，没有别的标记。".repeat(200);
  test.each([
    ["bold", `前面**${words}到此为止**后面`],
    ["emphasis", `前面*${words}到此为止*后面`],
    ["code", `前面\`${"x = y + 1; ".repeat(300)}z\`后面`],
    ["bold with code in it", `**${words}\`${"x = y + 1; ".repeat(200)}z\`后面**`],
    ["bold that is never closed", `前面**${words}`],
    ["a code that is never closed", `前面\`${words}`],
    ["bold after bold that is not closed in its line", `前面**${words}\n${words}**后面**`],
    ["a link with a long address", `${words}[图](https://a.example/${"abc/".repeat(900)}) 后面${words}`],
    [
      "an image that is its own address",
      `前面![图](data:image/png;base64,${"iVBORw0K".repeat(900)})${words}`,
    ],
    ["a long address", `前面 https://a.example/${"abc/".repeat(500)} ${words}`],
    ["a power", `${words}2**10 就是 1024。${words}`],
  ])("%s", (_, text) => {
    expect(seen(readInParts(text).runs)).toEqual(seen(readAtOnce(text).runs));
    expect(readInParts(text).links).toEqual(readAtOnce(text).links);
  });

  test.each([
    ["letters", "abcdefgh".repeat(4_000)],
    ["marks", "*".repeat(30_000)],
    ["brackets", "[".repeat(30_000)],
    ["lines of one character", "字\n".repeat(5_000)],
    ["joined emoji", "👩‍💻".repeat(4_000)],
  ])("nothing is lost of %s", (_, text) => {
    expect(plainText(readInParts(text).runs).trimEnd()).toBe(text.trimEnd());
  });
});

test("a run is short, and the frame of a code goes around all of it", () => {
  const { runs } = readInline(`前\`${"x = y + 1; ".repeat(300)}z\`后`, {});
  expect(Math.max(...runs.map(({ text }) => text.length))).toBeLessThanOrEqual(240);
  const looks = runs.slice(1, -1).map(({ look }) => look.split(" ").toSorted().join(" "));
  expect(looks.length).toBeGreaterThan(12);
  expect(looks.at(0)).toBe("code cut-after");
  expect(looks.at(-1)).toBe("code cut-before");
  expect(new Set(looks.slice(1, -1))).toEqual(new Set(["code cut-after cut-before"]));
});
