import { CHAT, dialog, INDEX, press, question, type Scene, seen, task, TASK_LIST, USER } from "./scene.ts";

/** As long as a message may be. */
const MAX_CHARS = 32_768;

/** Somebody who is here for the first time; each on a phone of its own. */
export const FIRST_SCENES: readonly Scene[] = [
  {
    name: "index-first",
    title: "首页：第一次打开，先征得隐私授权",
    url: INDEX,
    async show(page) {
      await seen(page, "还没有会话");
      await page.getByRole("dialog", { name: "隐私保护提示" }).waitFor();
    },
  },
  {
    name: "index-empty",
    title: "首页：还没有会话和任务",
    url: INDEX,
    async show(page) {
      await press(page, "暂不同意");
      await seen(page, "还没有会话");
    },
  },
  {
    name: "task-empty",
    title: "任务：还没有任务",
    url: TASK_LIST,
    async show(page) {
      await press(page, "暂不同意");
      await seen(page, "还没有任务");
    },
  },
];

/** Somebody who has agreed to the contract, and has done nothing yet. */
export const NEWCOMER_SCENES: readonly Scene[] = [
  {
    name: "chat-drawer-empty",
    title: "对话：会话列表，还没有会话",
    url: CHAT,
    async show(page) {
      await press(page, "会话列表");
      await page.getByRole("dialog").getByText("还没有会话").waitFor();
    },
  },
  {
    name: "task-none-failed",
    title: "任务：筛选之后没有任务",
    url: TASK_LIST,
    async show(page) {
      await page.getByRole("tab", { name: "失败" }).click();
      await seen(page, "没有失败的任务");
    },
  },
  {
    name: "task-missing",
    title: "任务详情：找不到这个任务",
    url: task("claw.none"),
    show: (page) => seen(page, "找不到这个任务"),
  },
  {
    name: "user-new",
    title: "我的：还没有昵称和头像",
    url: USER,
    show: (page) => seen(page, "未绑定"),
  },
  {
    name: "index-update",
    title: "首页：有新版本",
    url: INDEX,
    async show(page) {
      await seen(page, "还没有会话");
      await page.evaluate("__mp.updateReady()");
      await dialog(page);
    },
  },
  {
    name: "chat-full",
    title: "对话：写到了字数上限",
    url: CHAT,
    async show(page) {
      const line = "会议纪要（第三部分）：以下是逐字记录，请整理成结论、负责人和期限。";
      await question(page).fill(line.repeat(MAX_CHARS / line.length));
      await seen(page, /还可以输入/);
      await page.evaluate("document.activeElement.blur()");
    },
  },
];

/** Somebody whom WeChat does not vouch for. */
export const STRANGER_SCENES: readonly Scene[] = [
  {
    name: "index-sign-in",
    title: "首页：登录没有成功，说明原因",
    url: INDEX,
    async show(page) {
      await page.getByRole("alert").getByText("微信登录失败").waitFor();
      await seen(page, "登录后就能看到");
    },
  },
];
