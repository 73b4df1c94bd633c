/** What goes to the clipboard of an answer: it carries its label wherever it is pasted. */
export function copyOfAnswer(text: string): string {
  return `${text}\n\n（AI 生成）`;
}
