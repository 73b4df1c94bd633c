import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { contextOverflow } from "../../../dev/lm-studio-fault.ts";
import { until, type UserClient } from "../../system.ts";
import { pullDown, testsOnPhones } from "./steps-phones.ts";
import { card, onTop, TASK_LIST } from "./steps-tasks.ts";

// A list of more tasks than a page of it holds.

const MANY = 47;
/** Fewer than a user may have open at once. */
const BATCH = 8;
const isBad = (number: number) => number % 10 === 0;
const titleOf = (number: number) => (isBad(number) ? `第 ${number} 件，做不成` : `第 ${number} 件`);

const onPhones = testsOnPhones({
  model: {
    fault: (_request, messages) =>
      messages.at(-1)?.content.includes("做不成") === true ? contextOverflow : undefined,
  },
});

async function makeTasks({ api }: UserClient): Promise<void> {
  for (let number = 1; number <= MANY; number++) {
    await api.task.create.mutate({ prompt: titleOf(number), idempotencyKey: `task-${number}` });
    if (number % BATCH !== 0 && number !== MANY) continue;
    await until("all have ended", async () => {
      const { tasks } = await api.task.list.query({ limit: BATCH });
      return tasks.every(({ finishedAt }) => finishedAt !== undefined);
    });
  }
}

/** What the mini-program asks the gateway for, by the name of the call. */
function hearCalls(page: Page): () => string[] {
  const calls: string[] = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      for (const [, path = ""] of payload.toString().matchAll(/"path":"([\w.]+)"/g)) calls.push(path);
    }),
  );
  return () => calls.splice(0);
}

onPhones("is read to its end by scrolling, filtered, and read anew by a pull", async ({ system, open }) => {
  await makeTasks(system.client(await system.signIn("dora")));
  const phone = await open({ user: "dora" });
  const { page } = phone;
  const calls = hearCalls(page);
  await phone.restart(TASK_LIST);
  await card(page, titleOf(MANY)).waitFor();
  const cards = onTop(page).locator("task-card");
  await page.mouse.move(180, 400);
  for (let shown = await cards.count(); shown < MANY; shown = await cards.count()) {
    await until("more tasks", async () => {
      await page.mouse.wheel(0, 700);
      return (await cards.count()) > shown;
    });
  }
  await onTop(page).getByText("没有更多了").waitFor();
  const titles = await cards.getByText(/^第 \d+ 件/).allInnerTexts();
  expect([...new Set(titles)]).toEqual(Array.from({ length: MANY }, (_, i) => titleOf(MANY - i)));
  expect(calls().filter((path) => path === "task.list")).toHaveLength(3);

  const tab = (name: string) => page.getByRole("tab", { name, exact: true });
  await tab("失败").click();
  await until("four", async () => (await cards.count()) === 4);
  expect(await cards.filter({ hasText: "做不成" }).count()).toBe(4);
  expect(await tab("失败").getAttribute("aria-selected")).toBe("true");
  await tab("已取消").click();
  await onTop(page).getByText("没有取消的任务").waitFor();
  await tab("全部").click();
  await card(page, titleOf(MANY)).waitFor();

  calls();
  await pullDown(page);
  await until("it asks anew", () => calls().includes("task.list"));
  await page.getByRole("status", { name: "正在刷新" }).waitFor({ state: "detached" });
  await card(page, titleOf(MANY)).waitFor();
});

onPhones("tells how long ago it was, also to somebody who looks for minutes", async ({ system, open }) => {
  const { api } = system.client(await system.signIn("emilia"));
  await api.task.create.mutate({ prompt: "早些时候的事", idempotencyKey: "emilia-1" });
  const phone = await open({ user: "emilia" });
  const { page } = phone;
  await page.clock.install();
  await phone.restart(TASK_LIST);
  await card(page, "早些时候的事", "刚刚").waitFor();
  await page.clock.fastForward(3 * 60_000);
  await card(page, "早些时候的事", "3 分钟前").waitFor();
});
