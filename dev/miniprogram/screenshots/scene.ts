import type { Locator, Page } from "playwright-core";

/** A page in some state, to be taken pictures of. */
export interface Scene {
  /** The name of the picture's file. */
  readonly name: string;
  /** What is to be seen, for the list of the pictures; begins with the page and “：”. */
  readonly title: string;
  /** The page that is opened; a function brings the system to where it is wanted first. It is called for each phone. */
  readonly url: string | (() => Promise<string>);
  /** Calls of the mini-program that get nowhere, as "task.list". */
  readonly stuck?: readonly string[];
  /** Its colours are those of when it was opened, as a dialog's: for the dark it is opened anew. */
  readonly openedForEach?: boolean;
  /** Brings it from the page that was opened to the state. */
  show(page: Page): Promise<void>;
}

export const INDEX = "/pages/index/index";
export const CHAT = "/pages/chat/chat";
export const TASK_LIST = "/pages/task/task";
export const NEW_TASK = "/pages/task-new/task-new";
export const USER = "/pages/user/user";
export const DEVICES = "/pages/devices/devices";
export const ABOUT = "/pages/about/about";

export const chat = (id: string): string => `${CHAT}?id=${encodeURIComponent(id)}`;
export const task = (id: string): string => `/pages/task-detail/task-detail?id=${encodeURIComponent(id)}`;

/** What is on the page on top. */
export const seen = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator(".mp-top").getByText(text).first().waitFor();
export const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole("button", { name }).first().click();
export const question = (page: Page): Locator => page.getByRole("textbox", { name: "输入问题" });
export const skeleton = (page: Page): Promise<void> =>
  page.locator(".mp-top").getByRole("status", { name: "正在加载" }).first().waitFor();

/** The network goes; waits until the page says so. */
export async function goOffline(page: Page): Promise<void> {
  await page.evaluate("__mp.offline(true)");
  await page.getByRole("alert").getByText("网络已断开").waitFor();
}

/** A dialog is there. A finger leaves no focus on a button. */
export async function dialog(page: Page): Promise<void> {
  await page.getByRole("dialog").waitFor();
  await page.evaluate("document.activeElement.blur()");
}

/** Scrolls the page by so many pixels; farther than it goes is its end. */
export async function scrollBy(page: Page, pixels: number): Promise<void> {
  await page.mouse.move(160, 300);
  await page.mouse.wheel(0, pixels);
}
