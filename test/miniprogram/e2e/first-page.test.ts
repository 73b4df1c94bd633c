import { expect } from "bun:test";
import type { Device } from "../harness.ts";
import { until } from "../../system.ts";
import { openTab, testsOnPhones } from "./steps-phones.ts";
import { onTop } from "./steps-tasks.ts";

// The first page: there at once, also without a network.

const onPhones = testsOnPhones({
  model: {
    reply: () => "好的。",
    fault: (_request, messages) =>
      messages.at(-1)?.content.includes("做很久") === true
        ? { t: "stall", afterTokens: 3, commentEveryMs: 500 }
        : undefined,
  },
});

async function firstRender(device: Device): Promise<number> {
  const { pages } = await device.statistics();
  return pages.find(({ path }) => path === "pages/index/index")?.firstRenderCalls ?? Number.NaN;
}

onPhones(
  "is drawn with one setData before there is a network, from what was known the last time",
  async (phones) => {
    const { system } = phones;
    const { api } = system.client(await system.signIn("nora"));
    const phone = await phones.open({ user: "nora" });
    const { page } = phone;
    const top = onTop(page);
    await top.getByText("还没有会话").waitFor();
    expect(await firstRender(phone)).toBeLessThanOrEqual(1);
    await api.me.setProfile.mutate({ name: "诺拉" });
    await api.chat.send.mutate({ text: "昨天问过的", idempotencyKey: "nora-1" });
    await api.task.create.mutate({ prompt: "做很久的事", idempotencyKey: "nora-2" });
    const isShown = async () => {
      await top.getByText(/，诺拉$/).waitFor();
      await top.getByText("昨天问过的").waitFor();
      await top.getByText("做很久的事").waitFor();
      await top.getByRole("button", { name: /^智能体 a1/ }).waitFor();
    };
    await isShown();
    // The tab page keeps what it shows when it is left.
    await openTab(page, "我的");
    await system.gateway().kill9();

    await phone.restart();
    await isShown();
    expect(await firstRender(phone)).toBeLessThanOrEqual(1);
    await page.getByRole("alert").getByText("网络已断开，正在重连").waitFor();
    await top
      .getByRole("button", { name: "智能体 a1，未连接" })
      .or(top.getByText("未连接"))
      .first()
      .waitFor();
    await page.getByRole("button", { name: "立即重新连接" }).click();
    await system.startGateway();
    await page.getByRole("alert").waitFor({ state: "detached" });
    await top.getByText("在线", { exact: true }).waitFor();
    const [task] = (await api.task.list.query()).tasks;
    await api.task.cancel.mutate({ id: task?.id ?? "" });
    await top.getByText("没有进行中的任务").waitFor();
  },
);

onPhones("says that there is no network, and that it is back", async ({ open }) => {
  const phone = await open({ user: "olga" });
  const { page } = phone;
  await onTop(page).getByText("还没有会话").waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  await phone.offline(true);
  await page.getByRole("alert").getByText("网络已断开，正在重连").waitFor();
  for (const tab of ["任务", "我的", "首页"]) {
    await openTab(page, tab);
    await page.getByRole("alert").waitFor();
  }
  await phone.offline(false);
  await until("the line is gone", async () => (await page.getByRole("alert").count()) === 0);
});

onPhones("what it has not heard yet is not kept as nothing", async ({ open, system }) => {
  const phone = await open({ user: "petra", url: "/pages/user/user" });
  const { page } = phone;
  await page.routeWebSocket(/trpc/, (socket) => {
    const gateway = socket.connectToServer();
    socket.onMessage((message) => {
      const text = message.toString();
      const calls = text.startsWith("[") ? (JSON.parse(text) as object[]) : [text];
      const others = calls.filter((call) => !JSON.stringify(call).includes("chat.conversations"));
      if (others.length === calls.length) gateway.send(text);
      else if (others.length > 0) gateway.send(JSON.stringify(others));
    });
  });
  await phone.restart("/pages/index/index");
  await onTop(page).getByText("没有进行中的任务").waitFor();
  await openTab(page, "我的");
  await system.gateway().kill9();
  await phone.restart();
  await page.getByRole("alert").getByText("网络已断开，正在重连").waitFor();
  expect(await onTop(page).getByText("还没有会话").count()).toBe(0);
  await system.startGateway();
});
