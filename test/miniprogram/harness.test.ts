import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { CHROMIUM } from "../../dev/miniprogram/browser.ts";
import { assertNoProblems, type Device, type MiniProgramBrowser, startMiniProgram } from "./harness.ts";

// The harness itself, on a mini-program that has a bit of everything, and a page that does everything wrong.

/** Starting a phone takes a slow machine a while. */
const TIMEOUT_MS = 60_000;

let browser: MiniProgramBrowser | undefined;

beforeAll(async () => {
  if (CHROMIUM === "") return;
  const root = join(import.meta.dir, "fixture");
  browser = await startMiniProgram({ root, settings: { privacyAgreed: true, notice: "浏览器预览" } });
}, TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
});

const inBrowser = test.skipIf(CHROMIUM === "");

/** Runs on a phone of its own that is put away afterwards. */
function onDevice(name: string, run: (device: Device) => Promise<void>, url = ""): void {
  const whole = async () => {
    if (!browser) throw new Error("the browser has not started");
    const device = await browser.open({ url });
    try {
      await run(device);
    } finally {
      await device.close();
    }
  };
  inBrowser(name, whole, TIMEOUT_MS);
}

async function log(page: Page): Promise<string[]> {
  return await page.evaluate("__mp.app().log");
}
async function style(page: Page, selector: string, property: string): Promise<string> {
  return await page
    .locator(selector)
    .first()
    .evaluate((element, name) => {
      const { getComputedStyle } = globalThis as unknown as {
        getComputedStyle(of: unknown): Record<string, string>;
      };
      return getComputedStyle(element)[name] ?? "";
    }, property);
}

onDevice("templates, WXS, slots, wx:for", async ({ page }) => {
  await page.getByText("两倍 42 年 1970").waitFor();
  expect(await page.locator("counter").innerText()).toBe("数 3");
  expect(await page.locator(".row").allInnerTexts()).toEqual(["一", "二"]);
  expect(await page.locator("rich-text").innerHTML()).toBe("<b>粗 &lt;b&gt;</b>");
});

onDevice(
  "styles: rpx, isolation of components and of pages, fixed elements within the page",
  async ({ page }) => {
    await page.locator(".row").first().waitFor();
    expect(await style(page, ".row", "width")).toBe("187.5px");
    expect(await style(page, "counter view", "width")).toBe("50px");
    expect(await style(page, "counter view", "color")).toBe("rgb(1, 2, 3)");
    await page.getByRole("button", { name: "另一页" }).click();
    await page.getByText("另一页的内容").waitFor();
    await page.getByRole("button", { name: "好", exact: true }).click();
    expect(await style(page, ".row", "color")).toBe("rgb(9, 9, 9)");
    const box = await page.locator(".fixed").boundingBox();
    expect(Math.round((box?.y ?? 0) + (box?.height ?? 0))).toBe(812 - 50);
  },
);

onDevice("lifecycles in WeChat's order, tabs that stay", async ({ page, stack }) => {
  await page.getByRole("button", { name: "另一页" }).click();
  await page.getByText("另一页的内容").waitFor();
  await page.getByRole("button", { name: "好", exact: true }).click();
  const order = (await log(page)).filter((line) => line !== "ready counter");
  expect(order).toEqual(["launched", "load good", "show good", "ready good", "hide good", "show good"]);
  expect(await log(page)).toContain("ready counter");
  expect(await stack()).toEqual(["pages/good/good"]);
});

onDevice("taps by mouse and keyboard, long press, events of components", async ({ page }) => {
  await page.getByRole("button", { name: "计数" }).click();
  await page.getByRole("button", { name: "计数" }).press("Enter");
  expect(await page.locator("counter").innerText()).toBe("数 5");
  const row = page.locator(".row").nth(1);
  await row.click();
  await row.click({ delay: 450 });
  const heard = (await log(page)).filter((line) => /^(counted|row|hold)/.test(line));
  expect(heard).toEqual(["counted 4", "counted 5", "row 2", "hold 2"]);
});

onDevice("forms and their fields", async ({ page }) => {
  await page.getByRole("textbox", { name: "标题" }).fill("周报");
  await page.getByRole("switch", { name: "开关" }).click();
  await page.getByText("乙").click();
  await page.getByRole("button", { name: "提交" }).click();
  expect((await log(page)).slice(-2)).toEqual([
    "switch true",
    `submit ${JSON.stringify({ title: "周报", on: true, kind: "b" })}`,
  ]);
});

onDevice("a field that is emptied on confirm; a list that scrolls where it is told", async ({ page }) => {
  const field = page.getByRole("textbox", { name: "标题" });
  await field.fill("写好了");
  await field.press("Enter");
  await page.waitForFunction("__mp.app().log.includes('lower')");
  expect(await field.inputValue()).toBe("");
});

onDevice("a picture that is chosen can be read", async ({ page }) => {
  await page.getByRole("button", { name: "头像" }).click();
  await page.waitForFunction("__mp.app().log.some((line) => line.startsWith('avatar iVBORw0K'))");
});

onDevice("pages are opened and left by the bar and by the browser's own button", async ({ page, stack }) => {
  await page.evaluate("__mp.wx.navigateTo({ url: '/pages/bad/bad?kind=' })");
  await page.getByText("坏页面").waitFor();
  expect(await stack()).toEqual(["pages/good/good", "pages/bad/bad"]);
  await page.goBack();
  await page.waitForFunction("__mp.stack().length === 1");
  await page.evaluate("__mp.wx.navigateTo({ url: '/pages/bad/bad' })");
  await page.getByRole("button", { name: "返回" }).click();
  await page.waitForFunction("__mp.stack().length === 1");
  expect(page.url()).toEndWith("#/pages/good/good");
});

onDevice("a pull refreshes the page", async ({ page }) => {
  await page.mouse.move(180, 120);
  await page.mouse.down();
  await page.mouse.move(180, 200, { steps: 4 });
  await page.mouse.move(180, 300, { steps: 4 });
  await page.mouse.up();
  expect(await log(page)).toContain("pull");
});

onDevice("dialogs keep the focus, and Escape closes them", async ({ page }) => {
  await page.evaluate("void (window.answer = __mp.wx.showModal({ title: '删除？', content: '不能恢复' }))");
  await page.getByRole("dialog", { name: "删除？" }).waitFor();
  await page.keyboard.press("Escape");
  expect(await page.evaluate("window.answer.then(({ confirm, cancel }) => [confirm, cancel])")).toEqual([
    false,
    true,
  ]);
  await page.evaluate(
    "void (window.answer = __mp.wx.showModal({ title: '改名', editable: true, content: '旧' }))",
  );
  await page.getByRole("textbox", { name: "改名" }).fill("新");
  await page.getByRole("button", { name: "确定" }).click();
  expect(await page.evaluate("window.answer.then(({ confirm, content }) => [confirm, content])")).toEqual([
    true,
    "新",
  ]);
  await page.evaluate("void (window.answer = __mp.wx.showActionSheet({ itemList: ['复制', '删除'] }))");
  await page.getByRole("button", { name: "删除" }).click();
  expect(await page.evaluate("window.answer.then(({ tapIndex }) => tapIndex)")).toBe(1);
});

onDevice("the theme of the system reaches the bar and the listeners", async ({ page }) => {
  await page.evaluate("__mp.wx.onThemeChange(({ theme }) => __mp.app().log.push(theme))");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForFunction("__mp.app().log.includes('dark')");
  expect(await style(page, ".mp-bar", "backgroundColor")).toBe("rgb(17, 17, 17)");
});

onDevice("a good mini-program has one kind of problem: its bad page", async (device) => {
  await device.page.getByText("两倍").waitFor();
  const problems = await device.problems();
  expect(problems.every(({ kind, text }) => kind === "compile" && /bad|leaky/.test(text))).toBe(true);
  const thrown: unknown = await assertNoProblems(device).catch((error: unknown) => error);
  expect(String(thrown)).toContain("leaky");
  expect(problems.map(({ text }) => text)).toEqual([
    'pages/bad/bad.json: component "/components/absent/absent" not found',
    "pages/bad/bad.wxml:5:2 missing end tag",
    "pages/bad/bad.wxml: unknown component <unheard> in pages/bad/bad",
    "components/leaky/leaky.wxss:1 only classes may be selected in a component: view",
  ]);
});

for (const [kind, found] of [
  ["big", ["set-data", "69011 bytes"]],
  ["undefined", ["set-data", '"deep.inner" is undefined']],
  ["throw", ["error", "thrown on load"]],
  ["reject", ["rejection", "nobody catches"]],
  ["unknown", ["wx", "wx.doMagic"]],
  ["dom", ["error", "AbortController is not a constructor"]],
  ["sockets", ["socket", "more than 5 sockets"]],
  ["storage", ["storage", '"much" holds']],
  ["console", ["console", "said aloud"]],
  ["none", ["component", 'no event "nothing"']],
  ["none", ["template", '"noSuchProperty" is not a valid property']],
] as const) {
  onDevice(
    `finds: ${kind} (${found[0]})`,
    async ({ page, problems }) => {
      await page.getByText("坏页面").waitFor();
      await page.evaluate("new Promise((resolve) => setTimeout(resolve))");
      const texts = (await problems()).filter((problem) => problem.kind === found[0]).map(({ text }) => text);
      expect(texts.join("\n")).toContain(found[1]);
    },
    `/pages/bad/bad?kind=${kind}`,
  );
}

onDevice("finds listeners that a page has left behind, and only then", async ({ page, problems }) => {
  const left = async () =>
    (await problems()).filter(({ kind }) => kind === "listener").map(({ text }) => text);
  await page.evaluate("__mp.wx.navigateTo({ url: '/pages/bad/bad?kind=leak' })");
  await page.getByText("漏").waitFor();
  expect(await left()).toEqual([]);
  await page.evaluate("__mp.wx.navigateBack()");
  await page.waitForFunction("__mp.stack().length === 1");
  expect(await left()).toEqual([
    "pages/bad/bad is gone and has left a listener behind: claw.cell.watch",
    "pages/bad/bad is gone and has left a listener behind: wx.onThemeChange",
  ]);
  await page.evaluate("__mp.wx.reLaunch({ url: '/pages/other/other' })");
  await page.getByText("另一页的内容").waitFor();
  expect(await left()).toHaveLength(2);
});

onDevice("the phone sleeps and wakes, and loses its network", async ({ page, sleep, wake, offline }) => {
  await page.evaluate(
    "__mp.wx.onNetworkStatusChange(({ isConnected }) => __mp.app().log.push(`net ${isConnected}`))",
  );
  await sleep();
  await wake();
  await offline(true);
  await offline(false);
  expect((await log(page)).slice(-4)).toEqual(["hide good", "show good", "net false", "net true"]);
});

onDevice("counts what goes to the view", async ({ page, statistics }) => {
  const before = await statistics();
  await page.getByRole("button", { name: "计数" }).click();
  const after = await statistics();
  expect(after.setData.calls - before.setData.calls).toBe(1);
  expect(before.pages[0]).toMatchObject({ path: "pages/good/good", firstRenderCalls: 0 });
});

inBrowser(
  "wx.login asks whoever serves the page for a code, each time anew",
  async () => {
    if (!browser) throw new Error("the browser has not started");
    const device = await browser.open();
    const { page } = device;
    await page.route("**/settings.js", async (route) => {
      const body = await (await route.fetch()).text();
      await route.fulfill({
        body: `${body}let codes=0;__mpSettings.loginCode=async()=>"code-"+(++codes);`,
        contentType: "text/javascript",
      });
    });
    await device.restart();
    const login = () => page.evaluate<{ code: string }>("__mp.wx.login()");
    expect([(await login()).code, (await login()).code]).toEqual(["code-1", "code-2"]);
    await device.close();
  },
  TIMEOUT_MS,
);
