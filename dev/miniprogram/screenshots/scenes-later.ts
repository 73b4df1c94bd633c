import type { Page } from "playwright-core";
import { QUESTIONS, TASKS } from "./content.ts";
import type { Events } from "./events.ts";
import type { PlayedDays } from "./played-days.ts";
import {
  chat,
  CHAT,
  goOffline,
  INDEX,
  press,
  question,
  type Scene,
  seen,
  task,
  TASK_LIST,
  USER,
} from "./scene.ts";

type Days = Pick<PlayedDays, "conversations" | "tasks"> & { readonly events: Events };

async function send(page: Page, text: string): Promise<void> {
  await question(page).fill(text);
  await press(page, "发送");
}

/** What cannot be seen before something else has happened to the system; in their order. */
export function laterScenes({ conversations, events }: Days): Scene[] {
  const after = (event: () => Promise<unknown>, url: string) => async (): Promise<string> => {
    await event();
    return url;
  };
  return [
    {
      name: "user-bound",
      title: "我的：已绑定企业微信",
      url: after(events.bind, USER),
      show: (page) => seen(page, "已绑定"),
    },
    {
      name: "chat-thinking",
      title: "对话：正在思考，展开看",
      url: async () => chat(await events.askForThoughts()),
      async show(page) {
        await press(page, /^展开/);
        await seen(page, "合同编号");
      },
    },
    {
      name: "chat-streaming",
      title: "对话：回答正在生成，可以停止",
      url: async () => chat(await events.askForSpeech()),
      show: (page) => seen(page, "智能助手"),
    },
    {
      name: "index-model-away",
      title: "首页：模型未就绪",
      url: after(events.labWithoutModel, INDEX),
      show: (page) => seen(page, "模型未就绪"),
    },
    {
      name: "chat-refused",
      title: "对话：没有发送成功，说明原因，可以重试或撤回",
      url: after(events.labBack, chat(conversations.server)),
      async show(page) {
        await seen(page, "412 GB");
        await goOffline(page);
        await send(page, QUESTIONS.refused);
        await seen(page, "等待网络");
        await events.retireLab();
        await page.evaluate("__mp.offline(false)");
        await seen(page, "已不再使用");
        await page.getByRole("alert").waitFor({ state: "hidden" });
        await seen(page, "claw · qwen3");
      },
    },
  ];
}

/** After the agent has gone. */
export function agentAwayScenes({ conversations, tasks, events }: Days): Scene[] {
  return [
    {
      name: "index-agent-away",
      title: "首页：智能体离线",
      url: INDEX,
      show: (page) => seen(page, "问题会排队"),
    },
    {
      name: "chat-agent-away",
      title: "对话：智能体离线",
      url: chat(conversations.leave),
      show: (page) => seen(page, "智能体离线"),
    },
    {
      name: "chat-drawer-away",
      title: "对话：智能体离线时的会话列表",
      url: CHAT,
      async show(page) {
        await press(page, "会话列表");
        await seen(page, "恢复后会自动显示");
      },
    },
    {
      name: "chat-queued",
      title: "对话：智能体离线，问题在排队",
      url: CHAT,
      async show(page) {
        await send(page, QUESTIONS.queued);
        await seen(page, "排队中");
      },
    },
    {
      name: "task-cached",
      title: "任务详情：智能体离线时，结果来自缓存",
      url: task(tasks.quotes),
      show: (page) => seen(page, "来自缓存"),
    },
    {
      name: "task-queued",
      title: "任务详情：智能体离线，任务在排队",
      url: async () => task(await events.handOverWeekly()),
      show: (page) => seen(page, "恢复后自动开始"),
    },
    {
      name: "task-list-queued",
      title: "任务：进行中的，排队的排在前面",
      url: TASK_LIST,
      async show(page) {
        await page.getByRole("tab", { name: "进行中" }).click();
        await seen(page, TASKS.weekly.title);
      },
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
      await seen(page, QUESTIONS.retry);
      await goOffline(page);
    },
  },
  {
    name: "chat-offline",
    title: "对话：没有网络，消息排队等待发送",
    url: CHAT,
    async show(page) {
      await goOffline(page);
      await send(page, QUESTIONS.offline);
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
