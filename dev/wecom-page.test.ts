import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Server } from "bun";
import type { Page } from "playwright-core";
import { CHROMIUM, openBrowser } from "./miniprogram/browser.ts";
import type { Delivery } from "./wecom-callback.ts";
import { type SentMessage, wecomPage } from "./wecom-page.ts";

const delivered: Delivery = { delivered: true, tries: [200], answer: "" };
const parts = [
  { name: "企业微信", standIn: true, note: "本机模拟" },
  { name: "网关", standIn: false, note: "正式程序" },
];

let sent: SentMessage[] = [];
let written: unknown[][] = [];
/** Buttons pressed: the message's id and the button's key. */
let pressed: unknown[][] = [];
let deliver: (onRetry: () => void) => Promise<Delivery>;
const listeners = new Set<(message: SentMessage) => void>();
const stop = new AbortController();
let server: Server<undefined>;

/** The app sends a message to the member. */
function appSends(message: Partial<SentMessage> & Pick<SentMessage, "content">): void {
  const full: SentMessage = {
    id: String(sent.length),
    member: "zhangsan",
    msgtype: "text",
    at: Date.now(),
    ...message,
  };
  sent.push(full);
  for (const listener of listeners) listener(full);
}

beforeAll(() => {
  const app = wecomPage({
    sender: {
      sendText: (member, text, options) => {
        written.push([member, text]);
        return deliver(() => options?.onRetry?.("timeout"));
      },
      sendEvent: (member, event, fields = {}) => {
        written.push([member, event, ...Object.values(fields)]);
        return Promise.resolve(delivered);
      },
    },
    sent: {
      list: (member) => sent.filter((message) => message.member === member),
      onSent: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      press: (id, key) => {
        pressed.push([id, key]);
        if (key === "gone") return undefined;
        return {
          EventKey: key,
          TaskId: `task-of-${id}`,
          CardType: "button_interaction",
          ResponseCode: "code",
        };
      },
    },
    parts,
    signal: stop.signal,
  });
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
});
beforeEach(() => {
  sent = [];
  written = [];
  pressed = [];
  deliver = () => Promise.resolve(delivered);
});
afterAll(async () => {
  stop.abort();
  expect(listeners.size).toBe(0);
  await server.stop(true);
});

const post = (path: string, body: unknown) =>
  fetch(new URL(path, server.url), { method: "POST", body: JSON.stringify(body) });

/** The items that a stream of the member's chat brings, until the condition holds. */
async function streamUntil(member: string, enough: (items: Record<string, unknown>[]) => boolean) {
  const response = await fetch(new URL(`/events?member=${member}`, server.url), {
    signal: AbortSignal.timeout(5_000),
  });
  const items: Record<string, unknown>[] = [];
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames)
      if (frame.startsWith("data: ")) items.push(JSON.parse(frame.slice(6)) as Record<string, unknown>);
    if (enough(items)) return items;
  }
  throw new Error("the stream ended");
}

test("a message goes to the gateway, and the stream tells how that goes", async () => {
  const gate = Promise.withResolvers<Delivery>();
  deliver = (onRetry) => {
    onRetry();
    return gate.promise;
  };
  expect((await post("/send", { member: "m1", text: "你好" })).status).toBe(200);
  expect(written).toEqual([["m1", "你好"]]);
  const replayed = await streamUntil("m1", (items) => items.length === 1);
  expect(replayed).toMatchObject([{ from: "member", type: "text", content: "你好", state: "retrying" }]);
  const rest = streamUntil("m1", (items) => items.at(-1)?.["state"] === "failed");
  gate.resolve({ delivered: false, tries: [503, 503, 503], answer: "" });
  expect((await rest).at(-1)).toMatchObject({ id: replayed[0]?.["id"], state: "failed" });
});

test("the history comes first and in order, without the messages of others", async () => {
  appSends({ content: "早", member: "m2", at: 1 });
  appSends({ content: "别人的", member: "m3" });
  await post("/event", { member: "m2", event: "enter_agent" });
  appSends({ content: "晚", member: "m2", at: Date.now() + 60_000 });
  const items = await streamUntil("m2", (items) => items.length === 3);
  expect(items.map((item) => item["content"])).toEqual(["早", "enter_agent", "晚"]);
  expect(written).toEqual([["m2", "enter_agent"]]);
});

test("a press of a card's button goes to the gateway as WeCom tells of it; only the card's member can press", async () => {
  appSends({ content: "{}", msgtype: "template_card", member: "m4", id: "card4" });
  expect((await post("/press", { member: "m4", id: "card4", key: "cancel", label: "取消" })).status).toBe(
    200,
  );
  expect(written).toEqual([
    ["m4", "template_card_event", "cancel", "task-of-card4", "button_interaction", "code"],
  ]);
  const items = await streamUntil("m4", (items) => items.length === 2);
  expect(items.at(-1)).toMatchObject({ type: "event", content: "template_card_event", label: "取消" });
  expect((await post("/press", { member: "m5", id: "card4", key: "cancel" })).status).toBe(400);
  expect((await post("/press", { member: "m4", id: "card4", key: "gone" })).status).toBe(400);
  expect(written).toHaveLength(1);
});

test.each([
  ["/send", { member: "m", text: "  " }],
  ["/send", { member: "a b", text: "hi" }],
  ["/send", { text: "hi" }],
  ["/send", "hi"],
  ["/event", { member: "m", event: "<x>" }],
  ["/press", { member: "m", id: "nobody", key: "cancel" }],
])("%s refuses %j", async (path, body) => {
  const response = await post(path, body);
  expect(response.status).toBe(400);
  expect(await response.json()).toHaveProperty("error");
  expect(written).toEqual([]);
});

test.skipIf(CHROMIUM === "")(
  "the page in a browser",
  async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const errors: unknown[] = [];
      page.on("pageerror", (error) => errors.push(error));
      await page.goto(server.url.href);
      await chatInBrowser(page);
      await pressInBrowser(page);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  },
  20_000,
);

async function chatInBrowser(page: Page): Promise<void> {
  await page.getByText("消息实时更新").waitFor();
  expect(await page.locator(".chip").allInnerTexts()).toEqual([
    expect.stringMatching(/企业微信\s*替身/),
    expect.stringMatching(/网关\s*真实/),
  ]);

  await page.getByRole("textbox", { name: "消息", exact: true }).fill("<b>你好</b>");
  await page.keyboard.press("Enter");
  await page.getByText("已送达网关").waitFor();
  expect(await page.locator(".member-side .bubble").innerText()).toBe("<b>你好</b>");

  appSends({
    msgtype: "markdown",
    content:
      "# 标题\n**粗** `码` [链](https://example.com/a) [坏](javascript:alert(1))\n- 一\n- 二\n> 引\n```\n<i>x</i>\n```\n<img src=x onerror=alert(1)>",
  });
  const answer = page.locator(".row:not(.member-side) .bubble");
  await answer.waitFor();
  const tags = await answer
    .locator("*")
    .evaluateAll((all) => all.map((element) => element.tagName.toLowerCase()));
  expect(tags).toEqual([
    "h3",
    "p",
    "strong",
    "code",
    "a",
    "ul",
    "li",
    "li",
    "blockquote",
    "pre",
    "code",
    "p",
  ]);
  expect(await answer.locator("a").getAttribute("href")).toBe("https://example.com/a");
  expect(await answer.innerText()).toContain("<img src=x onerror=alert(1)>");

  await page.getByRole("button", { name: "进入应用" }).click();
  await page.getByText("张三 进入了应用").waitFor();
  expect(written).toEqual([
    ["zhangsan", "<b>你好</b>"],
    ["zhangsan", "enter_agent"],
  ]);

  await page.getByRole("button", { name: "李四" }).click();
  await page.getByText("李四 · 消息实时更新").waitFor();
  expect(await page.locator(".row").count()).toBe(0);
  await page.reload();
  await page.getByText("李四 · 消息实时更新").waitFor();
  await page.getByRole("button", { name: "张三" }).click();
  await answer.waitFor();
  expect(await page.locator(".row").count()).toBe(2);
}

const CARD = {
  card_type: "button_interaction",
  source: { desc: "任务 3 · 排队中", desc_color: 1 },
  main_title: { title: "整理 <b>会议</b> 记录" },
  sub_title_text: "智能体当前不在线",
  horizontal_content_list: [{ keyname: "智能体", value: "a1" }],
  button_list: [
    { text: "取消", style: 2, key: "cancel" },
    { text: "查看", style: 1, key: "view" },
  ],
};

/** A card, a press of its button, and the card as it is then. */
async function pressInBrowser(page: Page): Promise<void> {
  appSends({ msgtype: "template_card", content: JSON.stringify(CARD), id: "card" });
  const card = page.locator(".bubble.card");
  await card.waitFor();
  expect((await card.innerText()).split(/\s*\n\s*/)).toEqual([
    "任务 3 · 排队中",
    "整理 <b>会议</b> 记录",
    "智能体当前不在线",
    "智能体",
    "a1",
    "取消",
    "查看",
  ]);
  await card.getByRole("button", { name: "取消" }).click();
  await page.getByText("张三 点击了「取消」").waitFor();
  expect(pressed).toEqual([["card", "cancel"]]);
  const changed = { ...CARD, source: { desc: "任务 3 · 已取消" }, button_list: CARD.button_list.slice(1) };
  appSends({ msgtype: "template_card", content: JSON.stringify(changed), id: "card" });
  await card.getByText("任务 3 · 已取消").waitFor();
  expect(await card.count()).toBe(1);
  expect(await card.getByRole("button").allInnerTexts()).toEqual(["查看"]);
}
