import { TASKS } from "./content.ts";
import type { PlayedDays } from "./played-days.ts";
import { dialog, goOffline, NEW_TASK, press, type Scene, scrollBy, seen, task, TASK_LIST } from "./scene.ts";

/** Tasks that were handed over, and one that is about to be. */
export function taskScenes({ tasks }: Pick<PlayedDays, "tasks">): Scene[] {
  return [
    {
      name: "task-list",
      title: "任务：列表，进度实时更新",
      url: TASK_LIST,
      show: (page) => seen(page, TASKS.interviews.title),
    },
    {
      name: "task-new-empty",
      title: "新建任务：还没有填写",
      url: NEW_TASK,
      show: (page) => seen(page, "交给 claw"),
    },
    {
      name: "task-new",
      title: "新建任务：可以提交",
      url: NEW_TASK,
      async show(page) {
        await page.getByRole("textbox", { name: "要做什么" }).fill(TASKS.weekly.prompt);
        await page.getByRole("textbox", { name: "标题" }).fill(TASKS.weekly.title);
      },
    },
    {
      name: "task-new-failed",
      title: "新建任务：没有网络，没有提交成功",
      url: NEW_TASK,
      stuck: ["task.create"],
      async show(page) {
        await page.getByRole("textbox", { name: "要做什么" }).fill(TASKS.weekly.prompt);
        await page.getByRole("textbox", { name: "标题" }).fill(TASKS.weekly.title);
        await press(page, "提交任务");
        await goOffline(page);
        await seen(page, "不会重复创建");
      },
    },
    {
      name: "task-running",
      title: "任务详情：进行中，结果逐步出现",
      url: task(tasks.feedback),
      show: (page) => seen(page, "使用门槛"),
    },
    {
      name: "task-cancel",
      title: "任务详情：取消前再问一次",
      url: task(tasks.feedback),
      openedForEach: true,
      async show(page) {
        await seen(page, "使用门槛");
        await press(page, "取消任务");
        await dialog(page);
      },
    },
    {
      name: "task-cancelling",
      title: "任务详情：正在取消",
      url: task(tasks.feedback),
      stuck: ["task.cancel"],
      async show(page) {
        await seen(page, "使用门槛");
        await press(page, "取消任务");
        await page.getByRole("dialog").getByRole("button", { name: "取消任务" }).click();
        await seen(page, "正在取消…");
      },
    },
    {
      name: "task-done",
      title: "任务详情：已完成，可以复制结果",
      url: task(tasks.quotes),
      show: (page) => seen(page, "计算时的假设"),
    },
    {
      name: "task-attempts",
      title: "任务详情：完整的任务内容，之前的尝试",
      url: task(tasks.quotes),
      async show(page) {
        await seen(page, "计算时的假设");
        await press(page, /^任务内容/);
        await press(page, /^第 1 次/);
        await scrollBy(page, 10_000);
      },
    },
    {
      name: "task-failed",
      title: "任务详情：失败，说明原因",
      url: task(tasks.tender),
      show: (page) => seen(page, "失败原因："),
    },
    {
      name: "task-cancelled",
      title: "任务详情：已取消，留下已经生成的部分",
      url: task(tasks.manual),
      show: (page) => seen(page, "Getting Started"),
    },
  ];
}
