import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { until } from "../../system.ts";
import { answerDialog, openTab, testsOnPhones } from "./steps-phones.ts";
import { nameless, outOfReach } from "./steps-reach.ts";
import { onTop } from "./steps-tasks.ts";

// On the narrowest phone: every control has a name and is large enough for a finger, and nothing sticks out.

const ANSWER = `## 标题\n\n一段话，带一个[链接](https://example.com)。

| 很长的列名一 | 很长的列名二 | 很长的列名三 | 很长的列名四 |
| --- | --- | --- | --- |
| 1 | 2 | 3 | 4 |

\`\`\`ts
const averyveryverylongidentifierthatdoesnotbreak = anotherlongidentifier + athirdlongidentifier;
\`\`\`

averyveryverylongwordthatcannotbebrokenanywhereandhastofitinthelineofaphone`;

/** More than the screen holds. */
const TASKS = 6;

const onPhones = testsOnPhones({
  model: { reply: () => ({ reasoning: "先想一想。", content: ANSWER }) },
});

/** Looks at page after page; what is wrong with any of them is told together. */
function openFindings() {
  const findings: string[] = [];
  return {
    findings,
    async look(page: Page, where: string): Promise<void> {
      const found = [...(await outOfReach(page)), ...(await nameless(page))];
      findings.push(...found.map((what) => `${where}: ${what}`));
    },
  };
}

onPhones("all pages, with something on them", async ({ system, open }) => {
  const { api } = system.client(await system.signIn("paula"));
  await api.me.setProfile.mutate({ name: "一个二十四字长的名字一个二十四字长的名字一二三四" });
  const { id } = await api.task.create.mutate({ prompt: "写".repeat(300), idempotencyKey: "paula-1" });
  for (let n = 2; n <= TASKS; n++)
    await api.task.create.mutate({ prompt: `第 ${n} 件事`, idempotencyKey: `paula-${n}` });
  const { page } = await open({ user: "paula", width: 320, height: 568 });
  const { look, findings } = openFindings();
  const goTo = (url: string) => page.evaluate(`__mp.wx.navigateTo({ url: "${url}" })`);

  await goTo("/pages/chat/chat?text=问一个问题");
  await page.getByRole("button", { name: "重新生成" }).waitFor();
  await page.getByRole("button", { name: /展开/ }).click();
  await look(page, "an answer");
  await page.getByRole("button", { name: "会话列表" }).click();
  await page.getByRole("button", { name: /的更多操作/ }).waitFor();
  await look(page, "the list of conversations");
  await page.evaluate(`__mp.wx.navigateBack()`);

  await page.getByRole("button", { name: "开始提问" }).waitFor();
  await onTop(page).getByText("问一个问题").waitFor();
  await look(page, "the first page");
  await page.getByRole("button", { name: "开始提问" }).click();
  await page.getByRole("textbox", { name: "输入问题" }).fill("还没问出去的");
  await look(page, "a new conversation");

  await goTo(`/pages/task-detail/task-detail?id=${id}`);
  await page.getByRole("button", { name: "再做一次" }).click();
  await page.getByRole("button", { name: /^第 1 次/ }).click();
  await page.getByRole("button", { name: "复制结果" }).waitFor();
  await look(page, "a task");
  await goTo("/pages/task-new/task-new");
  await page.getByRole("textbox", { name: "要做什么" }).fill("做点什么");
  await look(page, "a new task");
  await goTo("/pages/devices/devices");
  await page.getByRole("button", { name: /^移除/ }).waitFor();
  await look(page, "devices");
  await goTo("/pages/about/about");
  await page.getByRole("button", { name: /marked/ }).click();
  await look(page, "about");

  await page.evaluate(`__mp.wx.switchTab({ url: "/pages/task/task" })`);
  await until("they fill the screen", async () => (await onTop(page).locator("task-card").count()) === TASKS);
  await look(page, "tasks");
  await openTab(page, "我的");
  await page.getByRole("button", { name: /^绑定企业微信/ }).click();
  await look(page, "the user's page");
  await page.getByRole("button", { name: "清除缓存" }).click();
  await look(page, "a dialog");
  await answerDialog(page, "清除");
  expect(findings).toEqual([]);
});

onPhones("all pages, with nothing on them, and without a network", async ({ open }) => {
  const phone = await open({ user: "quinta", width: 320, height: 568 });
  const { page } = phone;
  const { look, findings } = openFindings();
  await onTop(page).getByText("还没有会话").waitFor();
  await look(page, "the first page");
  await openTab(page, "任务");
  await onTop(page).getByText("还没有任务").waitFor();
  await look(page, "tasks");
  await page.evaluate(`__mp.wx.navigateTo({ url: "/pages/task-detail/task-detail?id=a1.none" })`);
  await onTop(page)
    .getByRole("button", { name: /查看全部任务|重试/ })
    .waitFor();
  await look(page, "a task that is not there");
  await page.evaluate(`__mp.wx.navigateTo({ url: "/pages/chat/chat" })`);
  await phone.offline(true);
  await page.getByRole("alert").getByText("网络已断开").waitFor();
  await page.getByRole("textbox", { name: "输入问题" }).fill("没有网也能问");
  await page.getByRole("button", { name: "发送" }).click();
  await onTop(page).getByText("等待网络，连上后自动发送").waitFor();
  await look(page, "a conversation without a network");
  expect(findings).toEqual([]);
});
