import type { Page } from "playwright-core";
import { buildNpm, NPM_DIR } from "../dev/miniprogram/build-npm.ts";
import { packageSize } from "../dev/miniprogram/package-size.ts";
import { MINI_PROGRAM } from "../dev/miniprogram/serve.ts";
import { type Device, startMiniProgram } from "../test/miniprogram/harness.ts";
import { endless, longAnswer } from "../test/miniprogram/long-answer.ts";
import { startSystem, until } from "../test/system.ts";
import { type PageTasks, tasksWhile } from "./page-tasks.ts";
import type { Measurement, Row } from "./row.ts";
import type { Settings } from "./settings.ts";
import { openSteadyEnd } from "./steady-end.ts";

/** Beside the time that its deltas take. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Deltas a second before the end that is measured: only to get there soon. */
const UNTIL_END_RATE = 2_000;
/** So long without a setData, and the page has drawn all that has come. */
const QUIET_MS = 500;
const HOME = "pages/index/index";
const KIB = 1024;

/** The mini-program: what WeChat has to load, and what a page has to draw. */
export const measureMiniProgram: Measurement = async (settings, say) => {
  const packages = await buildNpm(NPM_DIR);
  const client = packages.find(({ name }) => name === "@trpc/client")?.gzipBytes ?? Number.NaN;
  const sizes = [...(await packageSize(MINI_PROGRAM)).values()];
  const total = sizes.reduce((a, b) => a + b, 0);
  say(`main package ${(total / KIB).toFixed(0)} KiB, tRPC's client ${(client / KIB).toFixed(1)} KiB gzipped`);
  const firstCalls = await firstRender();
  say(`home page: ${firstCalls} setData`);
  const drawn = await draw(settings);
  for (const one of drawn)
    say(
      `${one.name}: largest setData ${one.largest} B, ${one.sent} B in all; ${tasksText(one)}, ${shareText(one)} of the time`,
    );
  const most = (of: (one: Drawn) => number) => Math.max(...drawn.map(of));
  const told = (of: (one: Drawn) => string) => drawn.map((one) => `${one.name} ${of(one)}`).join(", ");
  const chars = settings["answer-chars"];
  const end = `the last ${settings["answer-end-chars"]} of ${chars} characters, at ${settings["answer-rate"]} deltas/s`;
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
      most(({ largest }) => largest) / KIB,
      "KiB",
      64,
      16,
      `${chars} characters; all calls together: ${told(({ sent }) => `${(sent / KIB).toFixed(0)} KiB`)}`,
    ),
    row(
      "longest task of the page while it streams",
      most(({ longestMs }) => longestMs),
      "ms",
      100,
      50,
      `${end}: ${told(tasksText)}; time of the processor, in headless Chromium, with the logic on the same thread, which a phone has on another`,
    ),
    row(
      "share of the page's time that goes to it",
      100 * most(({ busyShare }) => busyShare),
      "%",
      50,
      20,
      `${end}: ${told(shareText)}; likewise`,
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

/** Tasks: while the end of the answer comes. */
interface Drawn extends PageTasks {
  readonly name: string;
  /** Bytes of one setData, and of all. */
  readonly largest: number;
  readonly sent: number;
}

function tasksText({ longestMs, p99Ms }: PageTasks): string {
  return `${longestMs.toFixed(0)} ms (p99 ${p99Ms.toFixed(0)} ms)`;
}

function shareText({ busyShare }: PageTasks): string {
  return `${(100 * busyShare).toFixed(0)} %`;
}

/** Draws long answers while they stream, each on a phone of its own. */
async function draw(settings: Settings): Promise<Drawn[]> {
  const chars = settings["answer-chars"];
  const endChars = settings["answer-end-chars"];
  const rate = settings["answer-rate"];
  const { paragraph, item } = endless(chars);
  const answers = {
    "Markdown of all kinds": longAnswer(chars),
    "one paragraph": paragraph,
    "one item": item,
  };
  const reply = (question = "") => answers[question as keyof typeof answers];
  const end = openSteadyEnd(chars - endChars, rate);
  const system = await startSystem({
    model: {
      tokensPerSecond: UNTIL_END_RATE,
      beforeToken: end.beforeToken,
      contextTokens: 4 * chars,
      reply: (messages) => reply(messages.at(-1)?.content),
    },
  });
  const gatewayUrl = `${system.gatewayUrl.replace("http", "ws")}/trpc`;
  const browser = await startMiniProgram({ gatewayUrl, settings: { privacyAgreed: true } });
  // No delta has less than a character.
  const timeoutMs = ANSWER_TIMEOUT_MS + (endChars / rate) * 1000;
  try {
    const phones = await Promise.all(
      Object.keys(answers).map(async (name, i) => {
        const phone = await browser.open({ user: `long${i}`, url: "/pages/chat/chat" });
        return { name, phone };
      }),
    );
    const pages = Object.fromEntries(phones.map(({ name, phone }) => [name, phone.page]));
    await Promise.all(phones.map(({ name, phone }) => ask(phone.page, name)));
    await until("each answer waits for its end", () => end.waiting() === phones.length, ANSWER_TIMEOUT_MS);
    await Promise.all(phones.map(({ phone }) => untilQuiet(phone)));
    const tasks = await tasksWhile(pages, async () => {
      end.letGo();
      await Promise.all(phones.map(({ phone }) => untilAnswered(phone.page, timeoutMs)));
    });
    return await Promise.all(
      phones.map(async ({ name, phone }) => {
        const { largest, bytes } = (await phone.statistics()).setData;
        const ofPage = tasks[name] ?? { longestMs: Number.NaN, p99Ms: Number.NaN, busyShare: Number.NaN };
        return { name, largest, sent: bytes, ...ofPage };
      }),
    );
  } finally {
    end.stop();
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

async function ask(page: Page, question: string): Promise<void> {
  await page.locator("textarea").fill(question);
  await page.getByRole("button", { name: "发送" }).click();
}

async function untilQuiet(phone: Device): Promise<void> {
  const calls = async () => (await phone.statistics()).setData.calls;
  let before: number;
  do {
    before = await calls();
    await Bun.sleep(QUIET_MS);
  } while ((await calls()) > before);
}

async function untilAnswered(page: Page, timeoutMs: number): Promise<void> {
  await page.getByRole("button", { name: "复制回答" }).waitFor({ timeout: timeoutMs });
}
