import { buzz, say } from "./say";

/** WeChat itself says when it has copied. */
export function copyToClipboard(text: string): void {
  buzz();
  wx.setClipboardData({ data: text, fail: () => say("没有复制成功，请再试一次") });
}

/** What goes to the clipboard of an answer: it carries its label wherever it is pasted. */
export function copyOfAnswer(text: string): string {
  return `${text}\n\n（AI 生成）`;
}
