import { buildNpm, NPM_DIR } from "../dev/miniprogram/build-npm.ts";
import { packageSize } from "../dev/miniprogram/package-size.ts";
import { MINI_PROGRAM } from "../dev/miniprogram/serve.ts";
import { type Device, startMiniProgram } from "../test/miniprogram/harness.ts";
import { longAnswer } from "../test/miniprogram/long-answer.ts";
import { startSystem } from "../test/system.ts";
import type { Measurement, Row } from "./row.ts";

const ANSWER_TIMEOUT_MS = 120_000;
const HOME = "pages/index/index";
const KIB = 1024;

/** The mini-program: what WeChat has to load, and what a page has to draw. */
export const measureMiniProgram: Measurement = async (settings, say) => {
  const packages = await buildNpm(NPM_DIR);
  const client = packages.find(({ name }) => name === "@trpc/client")?.gzipBytes ?? Number.NaN;
  const sizes = [...(await packageSize(MINI_PROGRAM)).values()];
  const total = sizes.reduce((a, b) => a + b, 0);
  say(`main package ${(total / KIB).toFixed(0)} KiB, tRPC's client ${(client / KIB).toFixed(1)} KiB gzipped`);
  const chars = settings["answer-chars"];
  const { firstCalls, largest, sent, longestMs } = await draw(chars);
  say(
    `home page: ${firstCalls} setData; ${chars} characters: largest setData ${largest} B, ${sent} B in all`,
  );
  return [
    row(
      "main package of the mini-program",
      total / KIB,
      "KiB",
      500,
      400,
      `${sizes.length} folders; WeChat takes 2 MiB`,
    ),
    row("tRPC's client in it, gzipped", client / KIB, "KiB", 12, 10, "minified, for ES2018"),
    row("setData until the home page is shown, without a network", firstCalls, "calls", 1, 1, "a cold start"),
    row(
      "largest setData while an answer streams",
      largest / KIB,
      "KiB",
      64,
      16,
      `${chars} characters of Markdown; ${(sent / KIB).toFixed(0)} KiB in all`,
    ),
    row(
      "longest task of the page while it streams",
      longestMs,
      "ms",
      200,
      50,
      "in headless Chromium, with the logic on the same thread, which a phone has on another",
    ),
  ];
};

function row(
  what: string,
  figure: number,
  unit: Row["unit"],
  atLeast: number,
  aim: number,
  seen: string,
): Row {
  return { what, against: "–", seen, figure, unit, better: "smaller", atLeast, aim };
}

/** Draws the home page without a network, and a long answer with one. */
async function draw(chars: number) {
  const text = longAnswer(chars);
  const firstCalls = await firstRender();
  const model = { tokensPerSecond: 1_000, contextTokens: 4 * chars, reply: () => text };
  const system = await startSystem({ model });
  const gatewayUrl = `${system.gatewayUrl.replace("http", "ws")}/trpc`;
  const browser = await startMiniProgram({ gatewayUrl, settings: { privacyAgreed: true } });
  try {
    const device = await browser.open({ url: "/pages/chat/chat" });
    const longestMs = await streamAnswer(device);
    const { largest, bytes } = (await device.statistics()).setData;
    return { firstCalls, largest, sent: bytes, longestMs };
  } finally {
    await browser.close();
    await system.stop();
  }
}

async function firstRender(): Promise<number> {
  const browser = await startMiniProgram({ settings: { privacyAgreed: true } });
  try {
    const device = await browser.open();
    await device.page.getByText("问点什么").waitFor();
    const { pages } = await device.statistics();
    return pages.find(({ path }) => path === HOME)?.firstRenderCalls ?? Number.NaN;
  } finally {
    await browser.close();
  }
}

/** Asks, waits for the end of the answer, and tells how long the page's thread was busy at a stretch, in ms. */
async function streamAnswer({ page }: Device): Promise<number> {
  await page.locator("textarea").fill("讲得越长越好");
  await page.evaluate(`{
    window.longestMs = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longestMs = Math.max(window.longestMs, duration);
    }).observe({ type: "longtask" });
  }`);
  await page.getByRole("button", { name: "发送" }).click();
  await page.getByRole("button", { name: "复制回答" }).waitFor({ timeout: ANSWER_TIMEOUT_MS });
  return await page.evaluate<number>("window.longestMs");
}
