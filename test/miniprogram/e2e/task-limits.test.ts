import { expect } from "bun:test";
import { testsOnPhones } from "./steps-phones.ts";
import { card, handOver, NEW_TASK, onTop, TASK_LIST } from "./steps-tasks.ts";

// What a task meets when it cannot simply be done: as many as are allowed, an agent that is away.

const LONG = `# 调研报告\n\n${"这是报告正文的一段，内容很长。".repeat(200)}最后一句。`;

const onPhones = testsOnPhones({
  model: { reply: () => LONG },
  gatewayEnv: { CLAW_TASKS_MAX_OPEN: "1" },
});

onPhones("a result is from the cache while the agent is away, and whole when it is back", async (phones) => {
  const { system } = phones;
  const { page } = await phones.open({ user: "emma", url: NEW_TASK });
  await handOver(page, "写一份调研报告");
  await page.getByRole("button", { name: "复制结果" }).waitFor();
  await system.agent().stop();

  await page.evaluate(`__mp.wx.reLaunch({ url: "${TASK_LIST}" })`);
  await card(page, "写一份调研报告", "已完成")
    .getByRole("button", { name: /^任务 #1/ })
    .click();
  const notice = onTop(page).getByRole("status").filter({ hasText: "来自缓存" });
  await notice.waitFor();
  expect(await onTop(page).getByText("最后一句。").count()).toBe(0);
  await system.startAgent();
  await onTop(page).getByText("最后一句。").waitFor();
  await notice.waitFor({ state: "detached" });
});

onPhones("one too many is refused where it was written, and what was written stays", async (phones) => {
  const { system } = phones;
  await system.agent().stop();
  const { page } = await phones.open({ user: "frieda", url: NEW_TASK });
  await onTop(page).getByText("现在就可以提交，任务会排队").waitFor();
  await handOver(page, "第一件事");
  await onTop(page).getByText("智能体离线，任务在排队，恢复后自动开始").waitFor();
  await page.evaluate(`__mp.wx.reLaunch({ url: "${NEW_TASK}" })`);

  const prompt = page.getByRole("textbox", { name: "要做什么" });
  const title = page.getByRole("textbox", { name: "标题" });
  await prompt.fill("第二件事");
  await title.fill("另一件");
  await page.getByRole("button", { name: "提交任务" }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  expect(await alert.innerText()).toMatch(/任务/);
  expect([await prompt.inputValue(), await title.inputValue()]).toEqual(["第二件事", "另一件"]);

  // It waits for later, also when the page is left.
  await page.evaluate(`__mp.wx.reLaunch({ url: "${TASK_LIST}" })`);
  await card(page, "第一件事", "排队中").waitFor();
  await page.getByRole("button", { name: "新建任务" }).click();
  expect([await prompt.inputValue(), await title.inputValue()]).toEqual(["第二件事", "另一件"]);
  await system.startAgent();
  await page.getByRole("button", { name: "返回" }).click();
  await card(page, "第一件事", "已完成").waitFor();
  await page.getByRole("button", { name: "新建任务" }).click();
  await page.getByRole("button", { name: "提交任务" }).click();
  await page.getByRole("button", { name: "复制结果" }).waitFor();
});
