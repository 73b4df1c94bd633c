import { LINES, QUESTIONS } from "./content.ts";
import type { PlayedDays } from "./played-days.ts";
import { chat, CHAT, dialog, press, question, type Scene, scrollBy, seen } from "./scene.ts";

/** Conversations that have been held. */
export function chatScenes({ conversations }: Pick<PlayedDays, "conversations">): Scene[] {
  return [
    {
      name: "chat-empty",
      title: "对话：新会话",
      url: CHAT,
      show: (page) => question(page).waitFor(),
    },
    {
      name: "chat-answer",
      title: "对话：带代码和表格的回答",
      url: chat(conversations.retry),
      show: (page) => seen(page, "加上总时限"),
    },
    {
      name: "chat-reasoning",
      title: "对话：展开思考过程",
      url: chat(conversations.choice),
      async show(page) {
        await press(page, /^展开/);
        await seen(page, "结论应当是混合");
      },
    },
    {
      name: "chat-scrolled",
      title: "对话：往上翻看，可以回到底部",
      url: chat(conversations.lines),
      async show(page) {
        await seen(page, LINES.at(-1)?.question ?? "");
        await scrollBy(page, -900);
        await page.getByRole("button", { name: "回到底部" }).waitFor();
      },
    },
    {
      name: "chat-failed",
      title: "对话：回答失败，说明原因，可以重试",
      url: chat(conversations.audit),
      show: (page) => page.getByRole("alert").waitFor(),
    },
    {
      name: "chat-stopped",
      title: "对话：回答被停止，留下已经生成的部分",
      url: chat(conversations.stopped),
      show: (page) => seen(page, "已停止"),
    },
    {
      name: "chat-gone",
      title: "对话：会话已在别的设备上删除",
      url: chat(conversations.letter),
      show: (page) => seen(page, "这个会话不在了"),
    },
    {
      name: "chat-drawer",
      title: "对话：会话列表",
      url: chat(conversations.retry),
      async show(page) {
        await press(page, "会话列表");
        await seen(page, QUESTIONS.delivery);
      },
    },
    {
      name: "chat-drawer-menu",
      title: "对话：一个会话的更多操作",
      url: chat(conversations.retry),
      async show(page) {
        await press(page, "会话列表");
        await press(page, `${QUESTIONS.audit} 的更多操作`);
        await page.getByRole("button", { name: "重命名" }).waitFor();
        await page.evaluate("document.activeElement.blur()");
      },
    },
    {
      name: "chat-rename",
      title: "对话：重命名会话",
      url: chat(conversations.retry),
      async show(page) {
        await press(page, "会话列表");
        await press(page, `${QUESTIONS.audit} 的更多操作`);
        await press(page, "重命名");
        await page.getByRole("dialog", { name: "重命名会话" }).waitFor();
      },
    },
    {
      name: "chat-delete",
      title: "对话：删除会话前再问一次",
      url: chat(conversations.retry),
      openedForEach: true,
      async show(page) {
        await press(page, "会话列表");
        await press(page, `${QUESTIONS.audit} 的更多操作`);
        await press(page, "删除会话");
        await page.getByRole("dialog", { name: "删除会话？" }).waitFor();
        await page.evaluate("document.activeElement.blur()");
      },
    },
    {
      name: "chat-menu",
      title: "对话：长按一条回答",
      url: chat(conversations.leave),
      async show(page) {
        await page.locator(".mp-top").getByText("王经理").click({ delay: 500 });
        await dialog(page);
      },
    },
    {
      name: "chat-older-failed",
      title: "对话：更早的消息没有加载出来",
      url: chat(conversations.lines),
      async show(page) {
        await seen(page, LINES.at(-1)?.question ?? "");
        await page.evaluate("__mp.offline(true)");
        await scrollBy(page, -10_000);
        await seen(page, "更早的消息没有加载出来");
        await page.getByRole("alert").getByText("网络已断开").waitFor();
      },
    },
  ];
}
