import { expect } from "bun:test";
import { until } from "../../system.ts";
import { answerDialog, openTab, testsOnPhones } from "./steps-phones.ts";
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
  "removes a phone: it is signed out at once, and as its wx.login is still theirs, in again",
  async (phones) => {
    const { page } = await phones.open({ user: "karla", url: DEVICES });
    await onTop(page).getByText("本机").first().waitFor();
    expect(await page.getByRole("button", { name: /^移除/ }).count()).toBe(0);
    const other = await phones.open({ user: "karla", url: USER });
    const token = () => other.page.evaluate<string>("__mp.wx.getStorageSync('session-token')");
    await until("it is signed in", async () => (await token()) !== "");
    const before = await token();
    const idsOf = async () =>
      await other.page.evaluate<string[]>(
        "__mp.app().claw.api.me.devices.query().then((all) => all.map(({ id }) => id))",
      );
    const ids = await idsOf();

    await page.evaluate(`__mp.wx.reLaunch({ url: "${DEVICES}" })`);
    const remove = page.getByRole("button", { name: /^移除/ });
    await remove.click();
    await answerDialog(page, "取消");
    expect(await remove.count()).toBe(1);
    await remove.click();
    await answerDialog(page, "移除");
    await remove.waitFor({ state: "detached" });

    await until("it has another token", async () => !["", before].includes(await token()));
    await openTab(other.page, "首页");
    await until("it is online again", async () => !(await other.page.getByText("网络已断开").isVisible()));
    const now = await idsOf();
    expect(now).toHaveLength(2);
    expect(now.filter((id) => ids.includes(id))).toHaveLength(1);
  },
);
