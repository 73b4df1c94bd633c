import { expect } from "bun:test";
import { until } from "../../system.ts";
import { ask, CHAT, questionsOf } from "./steps-chat.ts";
import { answerDialog, testsOnPhones } from "./steps-phones.ts";
import { onTop } from "./steps-tasks.ts";

// One person with two phones.

const USER = "/pages/user/user";
const DEVICES = "/pages/devices/devices";

const onPhones = testsOnPhones({ withoutAgent: true });

onPhones("sees picture and name on all phones as soon as they are changed on one", async (phones) => {
  const { page } = await phones.open({ user: "julia", url: USER });
  const tablet = await phones.open({ user: "julia" });
  const name = page.getByRole("textbox", { name: "昵称" });
  await name.fill("  小林 ");
  await name.press("Enter");
  await onTop(tablet.page)
    .getByText(/，小林$/)
    .waitFor();
  expect(await name.inputValue()).toBe("小林");

  await page.getByRole("button", { name: "更换头像" }).click();
  const picture = (device: typeof page) => onTop(device).locator("user-avatar img");
  await picture(page).waitFor();
  await picture(tablet.page).waitFor();
  expect(await picture(tablet.page).getAttribute("src")).toBe(await picture(page).getAttribute("src"));
  expect(await picture(tablet.page).getAttribute("src")).toStartWith("data:image/");

  await name.fill(" ");
  await name.press("Enter");
  await page.getByRole("alert").getByText("昵称不能为空").waitFor();
  expect(await name.inputValue()).toBe("小林");
});

onPhones(
  "removes a phone: it is signed out at once, and stays so until somebody there signs in again",
  async (phones) => {
    const { page } = await phones.open({ user: "karla", url: DEVICES });
    await onTop(page).getByText("本机").first().waitFor();
    const remove = page.getByRole("button", { name: /^移除/ });
    expect(await remove.count()).toBe(0);
    const other = await phones.open({ user: "karla", url: USER });
    const token = () => other.page.evaluate<string>("__mp.wx.getStorageSync('session-token')");
    await until("it is signed in", async () => (await token()) !== "");

    const seeDevices = () => page.evaluate(`__mp.wx.reLaunch({ url: "${DEVICES}" })`);
    await seeDevices();
    await remove.click();
    await answerDialog(page, "取消");
    expect(await remove.count()).toBe(1);
    await remove.click();
    await page.getByRole("dialog").getByText("直到有人在它上面点“重新登录”").waitFor();
    await answerDialog(page, "移除");
    await remove.waitFor({ state: "detached" });

    const banner = other.page.getByRole("alert").filter({ hasText: "这台设备已被移除" });
    await banner.waitFor();
    expect(await token()).toBe("");
    await until("it has no socket", async () => (await other.statistics()).sockets === 0);
    let sockets = 0;
    other.page.on("websocket", () => sockets++);
    await other.sleep();
    await other.wake();
    await other.restart(CHAT);
    await banner.waitFor();
    await ask(other.page, "没有登录时写的");
    await onTop(other.page).getByText("还没有发出，重新登录后自动发送").waitFor();
    await seeDevices();
    await onTop(page).getByText("本机").first().waitFor();
    expect([await remove.count(), sockets, await token()]).toEqual([0, 0, ""]);

    await banner.getByRole("button", { name: "重新登录" }).click();
    await onTop(other.page).getByText("排队中，智能体离线").waitFor();
    expect(await questionsOf(other.page)).toEqual(["没有登录时写的"]);
    await banner.waitFor({ state: "detached" });
    await seeDevices();
    await remove.waitFor();
  },
);
