import { expect, test } from "bun:test";
import { toWecomMessage } from "./markdown.ts";

test("plain text stays as it is", () => {
  expect(toWecomMessage("今天 2 * 3 * 4 = 24，a_b_c，x > y。")).toEqual({
    type: "text",
    content: "今天 2 * 3 * 4 = 24，a_b_c，x > y。",
  });
});

test.each([
  "# 标题",
  "说**重点**了",
  "见[文档](https://e.com/a)",
  "用 `ls`",
  "> 引文",
  '<font color="info">绿</font>',
])("%s is sent as markdown, unchanged", (text) =>
  expect(toWecomMessage(text)).toEqual({ type: "markdown", content: text }),
);

test("lists, tasks and rules become plain lines", () => {
  const { type, content } = toWecomMessage(
    "要点：\n- 甲\n  * 乙\n+ 丙\n- [ ] 待办\n- [x] 做完\n1. 一\n\n---\n完",
  );
  expect(type).toBe("text");
  expect(content).toBe("要点：\n• 甲\n  • 乙\n• 丙\n☐ 待办\n☑ 做完\n1. 一\n\n————————\n完");
});

test("a table becomes one line a row, with the columns' names", () => {
  const table = "| 名称 | 价格 |\n|:---|---:|\n| **甲** | 3 |\n| 乙\\|丙 | |\n\n后文";
  expect(toWecomMessage(table)).toEqual({
    type: "markdown",
    content: "• 名称：**甲**；价格：3\n• 名称：乙|丙；价格：\n\n后文",
  });
});

test("a line with a bar is not a table", () => {
  expect(toWecomMessage("a | b\n---\nc").content).toBe("a | b\n————————\nc");
});

test("an image becomes a link, italics lose their stars", () => {
  expect(toWecomMessage("![图](https://e.com/x.png) 与 *斜体*、**粗体**")).toEqual({
    type: "markdown",
    content: "[图](https://e.com/x.png) 与 斜体、**粗体**",
  });
});

test("with a code block it is text: the code stays as it is, the rest loses its marks", () => {
  const text = "## 用法\n**先**看[文档](https://e.com)：\n```py\n# **not** a heading\n- x\n```\n- 完 `*a*`";
  expect(toWecomMessage(text)).toEqual({
    type: "text",
    content: "用法\n先看文档 https://e.com ：\n```py\n# **not** a heading\n- x\n```\n• 完 `*a*`",
  });
});

test("nothing inside inline code changes", () => {
  expect(toWecomMessage("跑 `a *b* ![c](d)` 吧").content).toBe("跑 `a *b* ![c](d)` 吧");
});

test("a fence inside a longer fence does not end it", () => {
  const text = "~~~~md\n```\n- x\n```\n- y\n~~~~\n- z";
  expect(toWecomMessage(text).content).toBe("~~~~md\n```\n- x\n```\n- y\n~~~~\n• z");
});

test("hostile text takes no noticeable time", () => {
  const started = performance.now();
  for (const part of ["[", "![", "`", "*", "> ", "| ", "- ", "# ", "**a", "[a](", "``a"]) {
    toWecomMessage(part.repeat(20_000));
    toWecomMessage(`\`\`\`\n\`\`\`\n${part.repeat(20_000)}`);
  }
  expect(performance.now() - started).toBeLessThan(3_000);
});
