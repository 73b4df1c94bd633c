import { expect } from "bun:test";
import { type System, until } from "../../system.ts";
import { openTab, testsOnPhones } from "./steps-phones.ts";
import { card, onTop } from "./steps-tasks.ts";

// One person in WeChat and in WeCom.

const USER = "/pages/user/user";

const onPhones = testsOnPhones({ model: { reply: () => "知道了。" } });

/** The code that a member is given in answer to `/bind`. */
async function bindingCode({ wecom, wecomApi }: System, member: string): Promise<string> {
  await wecom.sendText(member, "/bind");
  const told = () => wecomApi.list(member).flatMap(({ content }) => /\b\d{6}\b/.exec(content) ?? []);
  await until("the code", () => told().length > 0);
  return told()[0] ?? "";
}

/** Has a member ask something in WeCom; resolves when it has been answered. */
async function askInWecom({ wecom, wecomApi }: System, member: string, text: string): Promise<void> {
  await wecom.sendText(member, text);
  await until("the answer in WeCom", () =>
    wecomApi.list(member).some(({ content }) => content.includes("知道了。")),
  );
}

onPhones("by the code of WeCom: from then on both ways in show what was done by either", async (phones) => {
  const { system } = phones;
  await askInWecom(system, "greta.li", "在企业微信里问的");
  await system.wecom.sendText("greta.li", "/task 在企业微信里交代的事");
  const { api } = system.client(await system.signIn("greta"));
  await api.task.create.mutate({ prompt: "在手机上交代的事", idempotencyKey: "greta-1" });
  await api.chat.send.mutate({ text: "在手机上问的", idempotencyKey: "greta-2" });
  const { page } = await phones.open({ user: "greta", url: USER });
  const tablet = await phones.open({ user: "greta" });
  await onTop(tablet.page).getByText("在手机上问的").waitFor();

  await page.getByRole("button", { name: "绑定企业微信 未绑定" }).click();
  const bind = page.getByRole("button", { name: "绑定", exact: true });
  expect(await bind.getAttribute("aria-disabled")).toBe("true");
  await page.getByRole("textbox", { name: "6 位绑定码" }).fill(await bindingCode(system, "greta.li"));
  await bind.click();
  await onTop(page).getByText("绑定成功").waitFor();
  expect(await bind.count()).toBe(0);

  for (const device of [page, tablet.page]) {
    await openTab(device, "首页");
    await onTop(device).getByText("在企业微信里问的").waitFor();
    await onTop(device).getByText("在手机上问的").waitFor();
    await openTab(device, "任务");
    await card(device, "在企业微信里交代的事", "已完成").waitFor();
    await card(device, "在手机上交代的事", "已完成").waitFor();
  }
});

onPhones("wrong codes are told, and after five of them even the right one is not taken", async (phones) => {
  const { system } = phones;
  const code = await bindingCode(system, "hans.zhao");
  const { page } = await phones.open({ user: "hanna", url: USER });
  await page.getByRole("button", { name: "绑定企业微信 未绑定" }).click();
  const field = page.getByRole("textbox", { name: "6 位绑定码" });
  const alert = page.getByRole("alert");
  const tryCode = async (tried: string) => {
    await field.fill(tried);
    await alert.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "绑定", exact: true }).click();
    await alert.waitFor();
    return await alert.innerText();
  };
  const told: string[] = [];
  for (let n = 1; n <= 5; n++)
    told.push(await tryCode(String((Number(code) + n) % 1_000_000).padStart(6, "0")));
  expect(new Set(told).size).toBe(1);
  const locked = await tryCode(code);
  expect(locked).not.toBe(told[0] ?? "");
  expect(locked).toMatch(/再试|分钟/);
  expect(await field.inputValue()).toBe(code);
  await onTop(page).getByText("未绑定").waitFor();
});

onPhones("inside WeCom one is the member already: there is nothing to bind", async (phones) => {
  await askInWecom(phones.system, "ida.sun", "在聊天窗口里问的");
  const { page } = await phones.open({ member: "ida.sun" });
  await onTop(page).getByText("在聊天窗口里问的").waitFor();
  await openTab(page, "我的");
  await onTop(page).getByText("已用企业微信登录").waitFor();
  expect(await page.getByRole("button", { name: /绑定/ }).count()).toBe(0);
});
