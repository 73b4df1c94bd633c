import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { ShownMessage } from "../../miniprogram/utils/chat/shown-message";
import { avatarLook } from "../../miniprogram/utils/account/avatar-look";
import type { TaskCard } from "../../miniprogram/utils/tasks/task-text";
import { assertNoProblems, type Device, type MiniProgramBrowser, startMiniProgram } from "./harness.ts";

const file = (ending: string) => join(import.meta.dir, "components", `page.${ending}`);
const replaced = {
  "pages/about/about.ts": file("js"),
  "pages/about/about.wxml": file("wxml"),
  "pages/about/about.json": file("json"),
};
let browser: MiniProgramBrowser;
let device: Device;
beforeAll(async () => {
  browser = await startMiniProgram({ replaced, settings: { privacyAgreed: true } });
  device = await browser.open({ url: "/pages/about/about" });
  await device.page.waitForFunction("window.__mp.app().shown !== undefined");
}, 60_000);
afterAll(() => browser.close());
beforeEach(() => device.page.evaluate("window.__mp.app().shown.clear()"));
afterEach(() => assertNoProblems(device));

async function show(data: object): Promise<void> {
  await device.page.evaluate(`window.__mp.app().shown.setData(${JSON.stringify(data)})`);
}
async function say(key: string, text: string, more: object = {}): Promise<void> {
  const content = { text, reasoning: "", thoughtMs: 0, open: false, ...more };
  await device.page.evaluate(
    `window.__mp.app().shown.say(${JSON.stringify(key)}, ${JSON.stringify(content)})`,
  );
}
const told = () => device.page.evaluate("window.__mp.app().shown.told");
const button = (name: string | RegExp) => device.page.getByRole("button", { name });
const shown = (text: string) => device.page.getByText(text, { exact: true }).waitFor();
const count = (text: string) => device.page.getByText(text).count();

describe("task-card", () => {
  const card: TaskCard = {
    id: "a1.t1",
    number: "#7",
    title: "写周报",
    status: "进行中",
    tone: "primary",
    live: true,
    note: "正在生成，约 120 字",
    percent: 40,
    time: "刚刚 提交",
    detail: "",
    action: "cancel",
  };

  test("shows what runs, and tells of taps", async () => {
    await show({ card });
    await shown("写周报");
    await shown("正在生成，约 120 字");
    expect(await device.page.getByRole("progressbar").getAttribute("aria-valuetext")).toBe("40%");
    await button("任务 #7，写周报，进行中").click();
    await button("取消任务 #7").click();
    expect(await told()).toEqual([
      ["open", { id: "a1.t1" }],
      ["cancel", { id: "a1.t1" }],
    ]);
  });

  test("says why there is no result, and offers to try again", async () => {
    await show({
      card: { ...card, live: false, tone: "bad", status: "失败", detail: "模型断开", action: "retry" },
    });
    await shown("模型断开");
    expect(await device.page.getByRole("progressbar").count()).toBe(0);
    await button("重试任务 #7").click();
    expect(await told()).toEqual([["retry", { id: "a1.t1" }]]);
  });

  test("tells nothing more of a task that is being cancelled; compact has no buttons", async () => {
    await show({ card: { ...card, action: "cancelling" } });
    await button("正在取消任务 #7").click({ force: true });
    expect(await told()).toEqual([]);
    await show({ compact: true });
    expect(await count("正在取消")).toBe(0);
  });
});

describe("user-avatar", () => {
  test("shows the first letter, or nobody, and says whose it is", async () => {
    await show({ look: avatarLook({ name: "👩‍💻小明" }) });
    const avatar = device.page.getByRole("img").first();
    await avatar.waitFor();
    expect(await avatar.getAttribute("aria-label")).toContain("小明");
    expect((await avatar.boundingBox())?.width).toBeCloseTo(48, 0);
    await show({ look: avatarLook({}) });
    expect(await avatar.textContent()).toBe("");
  });

  test("shows the letter when the picture cannot be drawn", async () => {
    await show({ look: { ...avatarLook({ name: "小红" }), image: "data:image/png;base64,AAAA" } });
    await shown("小");
  });
});

describe("message", () => {
  const answer: ShownMessage = {
    key: "1a",
    role: "assistant",
    state: "done",
    time: "今天 09:30",
    divided: false,
    reason: "",
    last: true,
  };
  const question: ShownMessage = { ...answer, key: "1q", role: "user", state: "sent", last: false };

  test("an answer is Markdown with the label; its copy carries the label, too", async () => {
    await show({ messages: [answer] });
    await say("1a", "**要点**\n\n1. 一\n2. 二");
    await shown("AI 生成");
    expect(await device.page.locator("message .markdown-section--strong").textContent()).toBe("要点");
    await button("复制回答").click();
    expect((await device.copied()).slice(-1)).toEqual(["**要点**\n\n1. 一\n2. 二\n\n（AI 生成）"]);
  });

  test("a code and a link are copied as well where they are far down", async () => {
    const above = Array.from({ length: 20 }, (_, i) => `第 ${i} 段`).join("\n\n");
    await show({ messages: [answer] });
    await say("1a", `${above}\n\n[文档](https://a.example/x)\n\n\`\`\`js\nlet a = 1;\n\`\`\``);
    await button("复制代码").click();
    await device.page.getByText("文档").click();
    expect((await device.copied()).slice(-2)).toEqual(["let a = 1;", "https://a.example/x"]);
  });

  test("a part of the view that is there only when the page has drawn is waited for", async () => {
    await show({ messages: [answer] });
    await device.page.evaluate(`
      const view = window.__mp.app().shown.selectComponent("#m1a").selectComponent(".answer");
      const find = view.selectComponent.bind(view);
      let looks = 0;
      view.selectComponent = (selector) => (looks++ === 0 ? null : find(selector));
    `);
    await say("1a", "前半", { open: true });
    await say("1a", "前半，**后半**", { open: true });
    await shown("后半");
    expect(await device.page.locator("message .message--text").textContent()).toContain("前半，后半");
  });

  test("only the last answer can be asked for anew", async () => {
    await show({ messages: [{ ...answer, key: "0a", last: false }, answer] });
    await say("0a", "旧的");
    await say("1a", "新的");
    await shown("新的");
    expect(await button("重新生成").count()).toBe(1);
    await button("重新生成").click();
    expect(await told()).toEqual([["act", { action: "regenerate", key: "1a" }]]);
  });

  test("what the model thought is folded until it is wanted", async () => {
    await show({ messages: [answer] });
    await say("1a", "答案", { reasoning: "先想一想", thoughtMs: 3_000 });
    await shown("答案");
    expect(await count("先想一想")).toBe(0);
    await button(/展开/).click();
    await shown("先想一想");
    await button(/收起/).click();
    expect(await count("先想一想")).toBe(0);
  });

  test("a failed one says why, and keeps what there was", async () => {
    await show({ messages: [{ ...answer, state: "failed", reason: "模型断开，请再试一次" }] });
    await say("1a", "前半");
    await shown("前半");
    await shown("模型断开，请再试一次");
    await button("重试").click();
    expect(await told()).toEqual([["act", { action: "regenerate", key: "1a" }]]);
  });

  test("a refused question can be sent again, or taken back", async () => {
    await show({ messages: [{ ...question, state: "refused", reason: "消息太长" }] });
    await say("1q", "问题");
    await button("重试").click();
    await button("撤回并编辑").click();
    expect(await told()).toEqual([
      ["act", { action: "retry", key: "1q" }],
      ["act", { action: "takeBack", key: "1q" }],
    ]);
  });

  test("a long text goes in without a setData that is too large", async () => {
    const text = "很长的一段话，说了又说。".repeat(2_700);
    await show({ messages: [question, answer] });
    await say("1q", text);
    await say("1a", text);
    await device.page.waitForFunction(
      `document.querySelector(".message--text")?.textContent.length >= ${text.length}`,
    );
    expect((await device.statistics()).setData.largest).toBeLessThan(64 * 1024);
  });
});
