import { buzz, say } from "./say";

/** WeChat itself says when it has copied. */
export function copyToClipboard(text: string): void {
  buzz();
  wx.setClipboardData({ data: text, fail: () => say("没有复制成功，请再试一次") });
}
