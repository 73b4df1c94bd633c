import { expect, test } from "bun:test";
import { MAX_TITLE_CHARS } from "../../contract/task.ts";
import { titleOf } from "./title.ts";

test.each([
  ["整理会议纪要", "整理会议纪要"],
  ["  第一行  \n第二行", "第一行"],
  ["\n\n# 写**周报**", "写周报"],
  ["> - 看 [这里](https://example.com/a) 和 `代码`", "看 这里 和 代码"],
  ["1. 先做这个", "先做这个"],
  ["---\n```ts\nconst a = 1", "ts"],
  ["2024 年的总结", "2024 年的总结"],
  ["3.5 版本", "3.5 版本"],
  ["？！", "？！"],
])("%p is called %p", (prompt, title) => {
  expect(titleOf(prompt)).toBe(title);
});

test("a long one is cut", () => {
  const title = titleOf("长".repeat(500));
  expect(title).toHaveLength(MAX_TITLE_CHARS);
  expect(title).toEndWith("…");
});
