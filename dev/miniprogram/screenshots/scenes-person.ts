import { ABOUT, DEVICES, dialog, press, type Scene, scrollBy, seen, USER } from "./scene.ts";

/** More than the page is long. */
const TO_THE_END = 10_000;

/** The person's own pages. */
export const PERSON_SCENES: readonly Scene[] = [
  {
    name: "user",
    title: "我的：头像和昵称、智能体、账号、外观",
    url: USER,
    show: (page) => seen(page, "未绑定"),
  },
  {
    name: "user-lower",
    title: "我的：页面下半部分",
    url: USER,
    async show(page) {
      await seen(page, "未绑定");
      await scrollBy(page, TO_THE_END);
    },
  },
  {
    name: "user-clear",
    title: "我的：清除缓存前再问一次",
    url: USER,
    async show(page) {
      await seen(page, "未绑定");
      await press(page, "清除缓存");
      await dialog(page);
    },
  },
  {
    name: "bind",
    title: "我的：绑定企业微信",
    url: USER,
    async show(page) {
      await press(page, /^绑定企业微信/);
      await page.getByRole("textbox", { name: "6 位绑定码" }).fill("482915");
      await page.getByRole("button", { name: "绑定", exact: true }).scrollIntoViewIfNeeded();
    },
  },
  {
    name: "bind-refused",
    title: "我的：绑定码不对",
    url: USER,
    async show(page) {
      await press(page, /^绑定企业微信/);
      await page.getByRole("textbox", { name: "6 位绑定码" }).fill("482915");
      const bind = page.getByRole("button", { name: "绑定", exact: true });
      await bind.click();
      await seen(page, "绑定码不对");
      await bind.scrollIntoViewIfNeeded();
    },
  },
  {
    name: "devices",
    title: "登录设备：所有登录着的设备",
    url: DEVICES,
    show: (page) => seen(page, "MatePad 11"),
  },
  {
    name: "devices-remove",
    title: "登录设备：移除前再问一次",
    url: DEVICES,
    openedForEach: true,
    async show(page) {
      await press(page, "移除 MatePad 11");
      await dialog(page);
    },
  },
  {
    name: "about",
    title: "关于：说明和开源软件许可",
    url: ABOUT,
    show: (page) => seen(page, "开源软件许可"),
  },
  {
    name: "about-licence",
    title: "关于：一份许可的全文",
    url: ABOUT,
    async show(page) {
      await press(page, /^marked/);
      await scrollBy(page, 420);
    },
  },
];
