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
