import type { Locator, Page } from "playwright-core";

export const NEW_TASK = "/pages/task-new/task-new";
export const TASK_LIST = "/pages/task/task";

/** Fills in the form for a new task, which is open, and hands it over; its own page opens. */
export async function handOver(page: Page, prompt: string, title = ""): Promise<void> {
  await page.getByRole("textbox", { name: "要做什么" }).fill(prompt);
  await page.getByRole("textbox", { name: "标题" }).fill(title);
  await page.getByRole("button", { name: "提交任务" }).click();
  await page.getByRole("heading", { name: "任务详情" }).waitFor();
}

/** The card of a task on the page on top, with such a text on it. */
export function card(page: Page, title: string, text: string | RegExp = ""): Locator {
  return onTop(page).locator("task-card").filter({ hasText: title }).filter({ hasText: text });
}

/** The page on top; those below it are in the document, too. */
export function onTop(page: Page): Locator {
  return page.locator(".mp-top");
}
