import type { PlayedDays } from "./played-days.ts";
import {
  chat,
  CHAT,
  DEVICES,
  goOffline,
  INDEX,
  press,
  type Scene,
  seen,
  skeleton,
  task,
  TASK_LIST,
  USER,
} from "./scene.ts";

/** On a phone where nothing is kept yet: what stands there before the gateway has answered, and when it does not. */
export function loadingScenes({
  conversations,
  tasks,
}: Pick<PlayedDays, "conversations" | "tasks">): Scene[] {
  return [
    {
      name: "index-loading",
      title: "首页：第一次加载",
      url: INDEX,
      stuck: ["me.get", "agent.list", "task.list", "chat.conversations"],
      show: skeleton,
    },
    {
      name: "user-loading",
      title: "我的：第一次加载",
      url: USER,
      stuck: ["feed", "agent.list", "me.get"],
      show: skeleton,
    },
    {
      name: "chat-loading",
      title: "对话：历史消息正在加载",
      url: chat(conversations.leave),
      stuck: ["chat.history"],
      async show(page) {
        await skeleton(page);
        await seen(page, /^claw/);
      },
    },
    {
      name: "chat-drawer-loading",
      title: "对话：会话列表正在加载",
      url: CHAT,
      stuck: ["chat.conversations"],
      async show(page) {
        await press(page, "会话列表");
        await skeleton(page);
      },
    },
    {
      name: "task-loading",
      title: "任务：第一次加载",
      url: TASK_LIST,
      stuck: ["task.list"],
      show: skeleton,
    },
    {
      name: "task-detail-loading",
      title: "任务详情：正在加载",
      url: task(tasks.quotes),
      stuck: ["task.get"],
      show: skeleton,
    },
    {
      name: "devices-loading",
      title: "登录设备：正在加载",
      url: DEVICES,
      stuck: ["me.devices"],
      show: skeleton,
    },
    {
      name: "chat-history-failed",
      title: "对话：历史消息没有加载出来",
      url: chat(conversations.leave),
      stuck: ["chat.history"],
      async show(page) {
        await goOffline(page);
        await seen(page, "历史消息没有加载出来");
      },
    },
    {
      name: "chat-drawer-failed",
      title: "对话：会话列表没有加载出来",
      url: CHAT,
      stuck: ["chat.conversations"],
      async show(page) {
        await press(page, "会话列表");
        await goOffline(page);
        await seen(page, "会话没有加载出来");
      },
    },
    {
      name: "task-error",
      title: "任务：没有加载出来",
      url: TASK_LIST,
      stuck: ["task.list"],
      async show(page) {
        await goOffline(page);
        await seen(page, "任务没有加载出来");
      },
    },
    {
      name: "task-detail-error",
      title: "任务详情：没有加载出来",
      url: task(tasks.quotes),
      stuck: ["task.get"],
      async show(page) {
        await goOffline(page);
        await seen(page, "任务没有加载出来");
      },
    },
    {
      name: "devices-failed",
      title: "登录设备：没有加载出来",
      url: DEVICES,
      stuck: ["me.devices"],
      async show(page) {
        await goOffline(page);
        await seen(page, "登录设备没有加载出来");
      },
    },
  ];
}
