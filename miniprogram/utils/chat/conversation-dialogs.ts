import type { MAX_CONVERSATION_TITLE_CHARS } from "../../../src/contract/conversation";
import { confirmDanger } from "../screen/confirm-danger";

// Only types may come from the contract; this does not compile when its limit is another.
const MAX_TITLE: typeof MAX_CONVERSATION_TITLE_CHARS = 40;

/** The new title; undefined when the person has thought better of it. */
export async function askTitle(title: string): Promise<string | undefined> {
  const { confirm, content } = await wx.showModal({
    title: "重命名会话",
    content: title.slice(0, MAX_TITLE),
    editable: true,
    placeholderText: `最长 ${MAX_TITLE} 个字`,
    confirmText: "保存",
  });
  const next = (content ?? "").trim().slice(0, MAX_TITLE);
  return confirm && next !== "" && next !== title ? next : undefined;
}

/** Whether the person wants a conversation to be deleted. */
export function askRemoval(title: string): Promise<boolean> {
  return confirmDanger({
    title: "删除会话？",
    content: `“${title}”和其中的全部消息会从智能体上删除，不能恢复。`,
    confirmText: "删除",
  });
}
