import { expect } from "bun:test";
import { contextOverflow, type Fault } from "../../../dev/lm-studio-fault.ts";
import { answerDialog, openTab, testsOnPhones } from "./steps-phones.ts";
import { card, handOver, NEW_TASK, onTop, TASK_LIST } from "./steps-tasks.ts";

// A task from the form to its end, on real programs. Its words say what the model does with it.

/** Slow enough to be seen at work, as a task's progress is told each second. */
const TOKENS_PER_SECOND = 30;
const RESULT = `## 三季度总结

- **营收**：比上季度增长 12%
- 成本：持平

| 指标 | 数值 |
| --- | --- |
| 客户 | 128 |

${"各项工作按计划推进，详情见附件。".repeat(9)}`;
const STALLED: Fault = { t: "stall", afterTokens: 30, commentEveryMs: 500 };
let stalls = true;

const onPhones = testsOnPhones({
  model: {
    tokensPerSecond: TOKENS_PER_SECOND,
    reply: () => RESULT,
    fault: (_request, messages) => {
      const prompt = messages.at(-1)?.content ?? "";
      if (prompt.includes("太长")) return contextOverflow;
      return prompt.includes("卡住") && stalls ? STALLED : undefined;
    },
  },
  agentEnv: { CLAW_AGENT_SLOTS: "1" },
});

onPhones(
  "is handed over once, seen at work in list and on the first page, and read when done",
  async (phones) => {
    const phone = await phones.open({ user: "anna", url: NEW_TASK });
    const tablet = await phones.open({ user: "anna" });
    const { page } = phone;
    const submit = page.getByRole("button", { name: "提交任务" });
    expect(await submit.getAttribute("aria-disabled")).toBe("true");
    await page.getByRole("textbox", { name: "要做什么" }).fill("写一份三季度总结");
    // As fast as fingers can: the second press comes before anything has changed on the screen.
    await submit.dblclick();
    await page.getByRole("heading", { name: "任务详情" }).waitFor();
    await onTop(page).getByText("进行中").first().waitFor();

    await card(tablet.page, "写一份三季度总结", /正在生成，已用 \d+ 秒/).waitFor();
    await openTab(tablet.page, "任务");
    await card(tablet.page, "写一份三季度总结", /正在生成，已用 \d+ 秒/).waitFor();
    const result = onTop(page).locator("markdown-view");
    await result.getByText("三季度总结").waitFor();
    const begun = (await result.innerText()).length;
    await page.getByRole("button", { name: "复制结果" }).waitFor();
    expect((await result.innerText()).length).toBeGreaterThan(begun);
    expect(await result.getByText("增长 12%").count()).toBe(1);
    expect(await result.getByText("128").count()).toBe(1);
    expect(await result.innerText()).not.toContain("**");
    await onTop(page).getByText("AI 生成").waitFor();
    await card(tablet.page, "写一份三季度总结", "已完成").waitFor();
    expect(await onTop(tablet.page).locator("task-card").count()).toBe(1);
    await openTab(tablet.page, "首页");
    await onTop(tablet.page).getByText("没有进行中的任务").waitFor();

    await page.getByRole("button", { name: "复制结果" }).click();
    const [copied = ""] = await phone.copied();
    expect(copied).toStartWith(RESULT);
    expect(copied.slice(RESULT.length)).toContain("AI 生成");
  },
);

onPhones(
  "is cancelled while it waits and while it runs; retried, it keeps its earlier attempts",
  async (phones) => {
    const { page } = await phones.open({ user: "berta", url: NEW_TASK });
    await handOver(page, "这件事会卡住", "占着智能体");
    await onTop(page).getByText("增长").waitFor();
    await page.evaluate(`__mp.wx.reLaunch({ url: "${NEW_TASK}" })`);
    await handOver(page, "排在后面的事", "还没轮到");
    await onTop(page).getByText("智能体正忙，轮到后自动开始").waitFor();
    await page.getByRole("button", { name: "取消任务" }).click();
    await answerDialog(page, "再等等");
    await page.getByRole("button", { name: "取消任务" }).click();
    await answerDialog(page, "取消任务");
    await onTop(page).getByText("任务已取消，没有留下结果").waitFor();

    await page.evaluate(`__mp.wx.reLaunch({ url: "${TASK_LIST}" })`);
    await card(page, "还没轮到", "已取消").waitFor();
    await card(page, "占着智能体", "进行中").getByRole("button", { name: "取消任务 #1" }).click();
    await answerDialog(page, "取消任务");
    await card(page, "占着智能体", "已取消").waitFor();

    stalls = false;
    await card(page, "占着智能体").getByRole("button", { name: "重试任务 #1" }).click();
    await card(page, "占着智能体", "进行中")
      .getByRole("button", { name: /^任务 #1/ })
      .click();
    await onTop(page).getByText("之前的尝试").waitFor();
    const first = page.getByRole("button", { name: "第 1 次 已取消" });
    await first.click();
    await onTop(page).locator(".attempt-body").getByText("增长").waitFor();
    expect(await first.getAttribute("aria-expanded")).toBe("true");
    expect(await onTop(page).getByText("第 2 次").count()).toBe(1);
  },
);

onPhones("that fails says why, on its card and on its page, and can be retried", async (phones) => {
  const { page } = await phones.open({ user: "carla", url: NEW_TASK });
  await handOver(page, "这份材料太长了", "读完全部材料");
  const reason = onTop(page).getByRole("status").filter({ hasText: "失败原因：" });
  await reason.waitFor();
  const why = (await reason.innerText()).replace("失败原因：", "").trim();
  expect(why).toMatch(/\p{Script=Han}{4}/u);
  await page.getByRole("button", { name: "重试" }).click();
  await page.getByRole("button", { name: "第 1 次 失败" }).waitFor();
  await reason.waitFor();
  await page.evaluate(`__mp.wx.reLaunch({ url: "${TASK_LIST}" })`);
  await card(page, "读完全部材料", why.slice(0, 8)).waitFor();
});
