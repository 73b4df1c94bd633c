import { QUESTIONS, TASKS } from "./content.ts";
import { INDEX, type Scene, seen } from "./scene.ts";

/** The first page of somebody who has used it for some days. */
export const INDEX_SCENE: Scene = {
  name: "index",
  title: "首页：智能体、进行中的任务、最近会话",
  url: INDEX,
  async show(page) {
    await seen(page, TASKS.feedback.title);
    await seen(page, QUESTIONS.leave);
  },
};
