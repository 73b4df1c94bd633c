/** Markdown of at least that many characters: prose, lists, code and tables, numbered. */
export function longAnswer(chars: number): string {
  const parts: string[] = [];
  for (let i = 1; parts.join("\n\n").length < chars; i++) {
    parts.push(
      `## 第 ${i} 节`,
      `这一节讲的是**第 ${i} 件事**，${"说来话长，要从头讲起，".repeat(12)}到此为止。`,
      `1. 第一点，编号 ${i}\n2. 第二点，\`code${i}\`\n   - 更细的一点`,
      `| 名称 | 数值 |\n|---|---|\n| 甲 | ${i} |\n| 乙 | ${i * 2} |`,
      `\`\`\`ts\nconst value${i} = ${i};\nconsole.log(value${i});\n\`\`\``,
    );
  }
  return parts.join("\n\n");
}

/** One thing of that many characters, of each kind that a model may write without an end. */
export function endless(chars: number) {
  const prose = filled(chars, (i) => `一直不换行的第 ${i} 句话，说了又说，`);
  const dense = filled(chars, (i) => `看**重点${i}**和\`code${i}\`，`);
  return {
    paragraph: prose,
    "dense paragraph": dense,
    "bold paragraph": `**${prose}到此为止**。`,
    item: `- ${prose}`,
    "dense item": `1. ${dense}`,
    "item with a list": `- 外层的一条\n${filled(chars, (i) => `  - 第 ${i} 条，**重点**在这里\n`)}`,
    heading: `## ${prose}`,
    quote: `> ${prose}`,
    "quote of paragraphs": filled(chars, (i) => `> 第 ${i} 段，**重点**在这里，说了又说。\n>\n`),
    cell: `| 名称 | 说明 |\n|---|---|\n| 甲 | ${prose} |\n| 乙 | ${dense} |\n`,
    table: `| 名称 | 说明 |\n|---|---|\n${filled(chars, (i) => `| 第 ${i} 行 | **重点**在这里 |\n`)}`,
    code: `\`\`\`ts\n${filled(chars, (i) => `const value${i} = \`a*b\` + ${i};\n`)}`,
    "line of code": `\`\`\`\n${filled(chars, (i) => `x = y + ${i}; `)}`,
  } as const satisfies Readonly<Record<string, string>>;
}

/** Whole pieces, until that many characters are there. */
function filled(chars: number, piece: (i: number) => string): string {
  let text = "";
  for (let i = 1; text.length < chars; i++) text += piece(i);
  return text;
}
