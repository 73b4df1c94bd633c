import type { Page } from "playwright-core";
import { QUESTIONS, TASKS } from "./content.ts";
import type { PlayedDays } from "./played-days.ts";

/** A page in some state, to be taken pictures of. */
export interface Scene {
  /** The name of the picture's file. */
  readonly name: string;
  /** What is to be seen, for the list of the pictures. */
  readonly title: string;
  readonly url: string;
  /** Brings it from the page that was opened to the state. */
  show(page: Page): Promise<void>;
}

type Days = Pick<PlayedDays, "conversations" | "tasks">;

const INDEX = "/pages/index/index";
const TASK_LIST = "/pages/task/task";
const USER = "/pages/user/user";
const CHAT = "/pages/chat/chat";

const seen = (page: Page, text: string | RegExp) => page.locator(".mp-top").getByText(text).first().waitFor();
const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first().click();
const chat = (id: string) => `${CHAT}?id=${encodeURIComponent(id)}`;
const task = (id: string) => `/pages/task-detail/task-detail?id=${encodeURIComponent(id)}`;

/** Somebody who is here for the first time. */
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

export function scenes({ conversations, tasks }: Days): Scene[] {
  return [
    {
      name: "index",
      title: "首页：智能体、进行中的任务、最近会话",
      url: INDEX,
      async show(page) {
        await seen(page, TASKS.feedback.title);
        await seen(page, QUESTIONS.leave);
      },
    },
    {
      name: "chat-empty",
      title: "对话：新会话",
      url: CHAT,
      show: (page) => page.getByRole("textbox", { name: "输入问题" }).waitFor(),
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
      name: "chat-failed",
      title: "对话：回答失败，说明原因，可以重试",
      url: chat(conversations.audit),
      show: (page) => page.getByRole("alert").waitFor(),
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
      name: "chat-menu",
      title: "对话：长按一条回答",
      url: chat(conversations.leave),
      async show(page) {
        await page.locator(".mp-top").getByText("王经理").click({ delay: 500 });
        await page.getByRole("dialog").waitFor();
        // A finger leaves no focus on a button.
        await page.evaluate("document.activeElement.blur()");
      },
    },
    {
      name: "task-list",
      title: "任务：列表，进度实时更新",
      url: TASK_LIST,
      show: (page) => seen(page, TASKS.interviews.title),
    },
    {
      name: "task-running",
      title: "任务详情：进行中，结果逐步出现",
      url: task(tasks.feedback),
      show: (page) => seen(page, "使用门槛"),
    },
    {
      name: "task-done",
      title: "任务详情：已完成，可以复制结果",
      url: task(tasks.quotes),
      show: (page) => seen(page, "计算时的假设"),
    },
    {
      name: "task-attempts",
      title: "任务详情：之前的尝试",
      url: task(tasks.quotes),
      async show(page) {
        await seen(page, "计算时的假设");
        const attempt = page.getByRole("button", { name: /^第 1 次/ });
        await attempt.click();
        await page.mouse.move(160, 300);
        await page.mouse.wheel(0, 10_000);
      },
    },
    {
      name: "task-failed",
      title: "任务详情：失败，说明原因",
      url: task(tasks.tender),
      show: (page) => seen(page, "失败原因："),
    },
    {
      name: "task-new",
      title: "新建任务",
      url: "/pages/task-new/task-new",
      async show(page) {
        await page.getByRole("textbox", { name: "要做什么" }).fill(TASKS.weekly.prompt);
        await page.getByRole("textbox", { name: "标题" }).fill(TASKS.weekly.title);
      },
    },
    {
      name: "user",
      title: "我的：头像和昵称、智能体、账号、外观",
      url: USER,
      show: (page) => seen(page, "未绑定"),
    },
    {
      name: "bind",
      title: "我的：绑定企业微信",
      url: USER,
      async show(page) {
        await press(page, /^绑定企业微信/);
        await page.getByRole("textbox", { name: "6 位绑定码" }).fill("482915");
        await page.getByRole("button", { name: "绑定", exact: true }).scrollIntoViewIfNeeded();
      },
    },
    {
      name: "devices",
      title: "登录设备",
      url: "/pages/devices/devices",
      show: (page) => seen(page, "MatePad 11"),
    },
    {
      name: "about",
      title: "关于",
      url: "/pages/about/about",
      show: (page) => seen(page, "开源软件许可"),
    },
  ];
}

export function streamingScene(conversationId: string): Scene {
  return {
    name: "chat-streaming",
    title: "对话：回答正在生成，可以停止",
    url: chat(conversationId),
    show: (page) => seen(page, "智能助手"),
  };
}

/** After the agent has gone. */
export function agentAwayScenes({ conversations, tasks }: Days): Scene[] {
  return [
    {
      name: "chat-agent-away",
      title: "对话：智能体离线",
      url: chat(conversations.leave),
      show: (page) => seen(page, "智能体离线"),
    },
    {
      name: "task-cached",
      title: "任务详情：智能体离线时，结果来自缓存",
      url: task(tasks.quotes),
      show: (page) => seen(page, "来自缓存"),
    },
  ];
}

/** Without a network. */
export const OFFLINE_SCENES: readonly Scene[] = [
  {
    name: "index-offline",
    title: "首页：没有网络，显示上次的内容",
    url: INDEX,
    async show(page) {
      await seen(page, QUESTIONS.leave);
      await page.evaluate("__mp.offline(true)");
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "chat-offline",
    title: "对话：没有网络，消息排队等待发送",
    url: CHAT,
    async show(page) {
      await page.evaluate("__mp.offline(true)");
      await page.getByRole("alert").waitFor();
      await page.getByRole("textbox", { name: "输入问题" }).fill(QUESTIONS.offline);
      await press(page, "发送");
      await seen(page, "等待网络");
    },
  },
];

/** After the phone was signed out for good; nothing else can be seen on it then. */
export const REMOVED_SCENE: Scene = {
  name: "index-removed",
  title: "首页：这台设备已在别处移除，等人重新登录",
  url: INDEX,
  async show(page) {
    await page.evaluate(`(async () => {
      const { api } = __mp.app().claw;
      const devices = await api.me.devices.query();
      // Its answer may not come any more.
      api.me.revokeDevice.mutate({ id: devices.find(({ current }) => current).id }).catch(() => {});
    })()`);
    const again = page.getByRole("button", { name: "重新登录" });
    await again.waitFor();
    // What was on the screen is gone when the app is opened anew.
    await page.reload();
    await again.waitFor();
  },
};
