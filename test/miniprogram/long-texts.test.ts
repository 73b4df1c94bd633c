import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { ShownMessage } from "../../miniprogram/utils/chat/shown-message";
import { blockText } from "../../miniprogram/utils/markdown/markdown-blocks";
import { openMarkdown } from "../../miniprogram/utils/markdown/markdown-stream";
import type { Conversation } from "../../src/contract/conversation.ts";
import { until } from "../system.ts";
import { assertNoProblems, type Device, type MiniProgramBrowser, startMiniProgram } from "./harness.ts";
import { endless, longAnswer } from "./long-answer.ts";

/** Of one setData, in bytes of UTF-8; the harness itself finds fault with more. */
const MAX_BYTES = 64 * 1024;
const file = (name: string) => join(import.meta.dir, "components", name);
const replaced = {
  "pages/about/about.ts": file("page.js"),
  "pages/about/about.wxml": file("page.wxml"),
  "pages/about/about.json": file("page.json"),
  "pages/devices/devices.ts": file("drawer.js"),
  "pages/devices/devices.wxml": file("drawer.wxml"),
  "pages/devices/devices.json": file("drawer.json"),
};
let browser: MiniProgramBrowser;
beforeAll(async () => {
  browser = await startMiniProgram({ replaced, settings: { privacyAgreed: true } });
}, 60_000);
afterAll(() => browser.close());

/** Pictures differ by that much where a letter has moved by a pixel; by less where a run is set anew by a part of one. */
const MOVED = 96;
/** So high a screen that a text is on it as a whole, for a picture. */
const HIGH = 8_000;

async function openPage(page: "about" | "devices", made: "shown" | "drawer"): Promise<Device> {
  const device = await browser.open({ url: `/pages/${page}/${page}`, height: HIGH });
  await device.page.waitForFunction(`window.__mp.app().${made} !== undefined`);
  return device;
}

describe("an answer", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openPage("about", "shown");
  }, 60_000);

  let count = 0;
  /** Shows a new answer alone, with each of the texts in its turn; resolves once it is there. */
  async function show(...texts: string[]): Promise<void> {
    const key = `${++count}a`;
    const message: ShownMessage = {
      key,
      role: "assistant",
      state: "done",
      time: "今天 09:30",
      divided: false,
      reason: "",
      last: true,
    };
    await device.page.evaluate(`{
      const { shown } = window.__mp.app();
      shown.clear();
      shown.setData({ messages: [${JSON.stringify(message)}] });
    }`);
    for (const [i, text] of texts.entries()) {
      const content = { text, reasoning: "", thoughtMs: 0, open: i < texts.length - 1 };
      await device.page.evaluate(
        `window.__mp.app().shown.say(${JSON.stringify(key)}, ${JSON.stringify(content)})`,
      );
    }
    await device.page.waitForFunction("document.querySelector('.mp-top markdown-view text') !== null");
  }

  for (const [name, text] of Object.entries({ ...endless(20_000), "mixed answer": longAnswer(20_000) }))
    test(`${name}: all of it is there, at once or growing, by no setData that is too large`, async () => {
      const growing = [0.2, 0.4, 0.6, 0.8, 1].map((share) => text.slice(0, share * text.length));
      for (const texts of [[text], growing]) {
        await show(...texts);
        expect(withoutSpaces(await device.page.evaluate<string>(SHOWN_TEXT))).toBe(
          withoutSpaces(textOf(text)),
        );
      }
      expect((await device.statistics()).setData.largest).toBeLessThan(MAX_BYTES);
      await assertNoProblems(device);
    });

  /** By how much two pictures differ where they differ most: 0–255. */
  function difference(...pictures: [Buffer, Buffer]): Promise<number> {
    const [a, b] = pictures.map((picture) => JSON.stringify(picture.toString("base64")));
    return device.page.evaluate<number>(`(${DIFFERENCE})(${a}, ${b})`);
  }

  const { item, heading, quote, cell, ...others } = endless(3_000);
  const long = {
    paragraph: others.paragraph,
    "dense paragraph": others["dense paragraph"],
    "bold paragraph": others["bold paragraph"],
    "line with code": `前面\`${"x = y + 1; ".repeat(300)}z\`后面`,
    item,
    heading,
    quote,
    cell,
  };
  for (const [name, text] of Object.entries(long))
    test(`a long ${name} looks as it would in one piece`, async () => {
      await show(text);
      const runs = device.page.locator("markdown-section text");
      const view = device.page.locator("markdown-view");
      const [count, picture] = [await runs.count(), await view.screenshot()];
      expect(count).toBeGreaterThan(10);
      expect((await view.boundingBox())?.height).toBeWithin(1_000, HIGH);
      await device.page.evaluate(JOIN_RUNS);
      expect(await runs.count()).toBeLessThan(count);
      expect(await difference(picture, await view.screenshot())).toBeLessThan(MOVED);
    });
});

/** What is read of a Markdown text. */
function textOf(markdown: string): string {
  const stream = openMarkdown();
  stream.update(markdown, false);
  return stream.blocks.map(blockText).join("");
}
function withoutSpaces(text: string): string {
  return text.replace(/\s/g, "");
}

describe("the drawer", () => {
  /** Two agents with as many as each keeps, and titles as long as they may be. */
  const conversations: Conversation[] = Array.from({ length: 400 }, (_, i) => ({
    id: `a${i % 2}.c${i}`,
    agentId: `a${i % 2}`,
    title: `第 ${i} 个会话，${"名称有四十个字".repeat(6)}`.slice(0, 40),
    updatedAt: Date.UTC(2026, 0, 1) - i * 60_000,
  }));

  test("400 conversations: all are there, in their order, by no setData that is too large", async () => {
    const device = await openPage("devices", "drawer");
    const titles = () =>
      device.page.evaluate<string[]>(
        `[...document.querySelectorAll(".conversation-list--title")].map((title) => title.textContent)`,
      );
    const show = async (shown: readonly Conversation[]) => {
      await device.page.evaluate(`window.__mp.app().drawer.show(${JSON.stringify(shown)})`);
      await until("they are shown", async () =>
        Bun.deepEquals(
          await titles(),
          shown.map(({ title }) => title),
        ),
      );
    };
    await show(conversations);
    await show([...conversations.slice(-1), ...conversations.slice(0, -1)]);
    await show(conversations.slice(1));
    await show([]);
    expect((await device.statistics()).setData.largest).toBeLessThan(MAX_BYTES);
    await assertNoProblems(device);
  });
});

// The tests have no DOM types, so what runs in the browser is text.
const SHOWN_TEXT = `[...document.querySelectorAll(".mp-top markdown-section text")].map((run) => run.textContent).join("")`;
/** Of two pictures of the same size. */
const DIFFERENCE = `async (...pictures) => {
  const [a, b] = await Promise.all(pictures.map(async (base64) => {
    const image = new Image();
    image.src = "data:image/png;base64," + base64;
    await image.decode();
    const drawing = new OffscreenCanvas(image.width, image.height).getContext("2d");
    drawing.drawImage(image, 0, 0);
    return drawing.getImageData(0, 0, image.width, image.height).data;
  }));
  return a.length === b.length ? a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) : 255;
}`;
/** Neighbours that look alike become one. */
const JOIN_RUNS = `for (const run of [...document.querySelectorAll(".mp-top markdown-section text")]) {
  run.className = run.className.replace(/ markdown-section--cut-(before|after)/g, "");
  const before = run.previousElementSibling;
  if (before?.className !== run.className) continue;
  run.textContent = before.textContent + run.textContent;
  before.remove();
}`;
