import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { until } from "../../system.ts";
import { openTab, testsOnPhones } from "./steps-phones.ts";
import { onTop } from "./steps-tasks.ts";

// Light and dark, on the pages and on WeChat's own bars around them.

const onPhones = testsOnPhones({ withoutAgent: true });

/** Whether page, navigation bar and tab bar are light or dark, as their colours say. */
async function look(page: Page): Promise<string> {
  const brightness = await page.evaluate<number[]>(`
    [".mp-top .page", ".mp-bar", ".mp-tabs"].map((selector) => {
      const { backgroundColor } = getComputedStyle(document.querySelector(selector));
      return Math.max(...backgroundColor.match(/\\d+/g).slice(0, 3).map(Number));
    })`);
  const names = brightness.map((value) => (value > 200 ? "light" : value < 60 ? "dark" : `${value}`));
  return [...new Set(names)].join();
}

const becomes = (page: Page, wanted: string) =>
  until(`the look of ${wanted}`, async () => (await look(page)) === wanted);

/** Contrast of what is written in the bar that WeChat draws, as WCAG counts it. */
async function titleContrast(page: Page): Promise<number> {
  return await page.evaluate<number>(`(() => {
    const bar = getComputedStyle(document.querySelector(".mp-bar"));
    const light = (color) => {
      const [r, g, b] = color.match(/\\d+/g).map((value) => {
        const part = Number(value) / 255;
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [low, high] = [light(bar.color), light(bar.backgroundColor)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  })()`);
}

onPhones("follows the system until one is chosen, on every tab, and keeps the choice", async ({ open }) => {
  const phone = await open({ user: "mona", url: "/pages/user/user" });
  const { page } = phone;
  const choose = (name: string) => page.getByRole("radio", { name, exact: true }).click();
  await page.getByRole("radio", { name: "跟随系统", checked: true }).waitFor();
  await becomes(page, "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await becomes(page, "dark");
  await choose("浅色");
  await becomes(page, "light");
  await choose("深色");
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("radio", { name: "深色", checked: true }).waitFor();
  await becomes(page, "dark");
  expect(await titleContrast(page)).toBeGreaterThan(7);

  for (const tab of ["首页", "任务", "我的"]) {
    await openTab(page, tab);
    await becomes(page, "dark");
  }
  await phone.restart();
  await becomes(page, "dark");
  await openTab(page, "我的");
  await choose("跟随系统");
  await becomes(page, "light");
  expect(await titleContrast(page)).toBeGreaterThan(7);
  await openTab(page, "首页");
  await onTop(page).getByRole("button", { name: "开始提问" }).waitFor();
  await becomes(page, "light");
});
