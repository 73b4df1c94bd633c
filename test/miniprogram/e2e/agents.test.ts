import { expect } from "bun:test";
import { AGENT } from "../../system.ts";
import { playAgent } from "../../played-agent.ts";
import { openTab, testsOnPhones } from "./steps-phones.ts";
import { handOver, NEW_TASK, onTop } from "./steps-tasks.ts";

// Two agents: one runs, the other is played.

const OTHER = { id: "a2", key: "agent-key-two-for-tests" };

const onPhones = testsOnPhones({
  gatewayEnv: { CLAW_AGENTS: `${AGENT.id}:${AGENT.key},${OTHER.id}:${OTHER.key}` },
});

onPhones("one is chosen, and how they are is seen as it changes", async ({ system, open }) => {
  const { page } = await open({ user: "lena", url: "/pages/user/user" });
  const tablet = await open({ user: "lena" });
  const agents = page.getByRole("radiogroup", { name: "智能体" });
  const agent = (name: RegExp) => agents.getByRole("radio", { name });
  await agent(/^a1，在线/).waitFor();
  await agent(/^a2，离线/).waitFor();

  const other = await playAgent(system.gatewayUrl, OTHER);
  await agent(/^a2，在线/).waitFor();
  await other.report({ model: "qwen3-30b", running: 2, slots: 2 });
  await agent(/^a2，在线 · qwen3-30b · 忙 2\/2/).waitFor();
  await agent(/^a2/).click();
  await agents.getByRole("radio", { name: /^a2/, checked: true }).waitFor();
  expect(await agents.getByRole("radio", { checked: true }).count()).toBe(1);
  await onTop(tablet.page)
    .getByRole("button", { name: /^智能体 a2，在线，忙碌 2\/2/ })
    .waitFor();

  await page.evaluate(`__mp.wx.reLaunch({ url: "${NEW_TASK}" })`);
  await onTop(page).getByText("交给 a2").waitFor();
  await handOver(page, "夜里做的事");
  await onTop(page).getByText("智能体正忙，轮到后自动开始").or(onTop(page).getByText("任务在排队")).waitFor();
  expect(await onTop(page).locator(".facts").innerText()).toContain("a2");
  await other.close();
  await onTop(page).getByText("智能体离线，任务在排队").waitFor();
  await onTop(tablet.page)
    .getByRole("button", { name: /^智能体 a2，离线/ })
    .waitFor();
  await openTab(tablet.page, "我的");
  await tablet.page.getByRole("radio", { name: /^a1/ }).click();
  await openTab(tablet.page, "首页");
  await onTop(tablet.page)
    .getByRole("button", { name: /^智能体 a1，在线/ })
    .waitFor();
});
