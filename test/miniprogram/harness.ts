import type { Browser, BrowserContext, Page } from "playwright-core";
import { openBrowser } from "../../dev/miniprogram/browser.ts";
import { settingsWithGateway } from "../../dev/miniprogram/gateway-host.ts";
import type { Problem, Statistics } from "../../dev/miniprogram/runtime/report.ts";
import { miniProgramPage, type ServedSettings } from "../../dev/miniprogram/serve.ts";

export interface MiniProgramOptions {
  /** `ws://…/trpc`; without one the mini-program is offline. */
  readonly gatewayUrl?: string;
  /** Another mini-program than the project's. */
  readonly root?: string;
  /** Files in the place of some of the mini-program's, as `{"app.ts": "/tmp/played.ts"}`. */
  readonly replaced?: Readonly<Record<string, string>>;
  readonly settings?: ServedSettings;
}

export interface DeviceOptions {
  /** wx.login answers `user-<user>`, which dev/wechat-login.ts knows. */
  readonly user?: string;
  /** Inside WeCom, where wx.qy.login answers `member-<member>`. */
  readonly member?: string;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** Where it opens: `/pages/chat/chat?id=1`. */
  readonly url?: string;
}

/** The mini-program in a phone of its own: a browser profile, with its own storage. */
export interface Device {
  readonly page: Page;
  problems(): Promise<Problem[]>;
  statistics(): Promise<Statistics & { sockets: number }>;
  /** Paths of the open pages, the one on top last. */
  stack(): Promise<string[]>;
  /** What has been copied to the clipboard, oldest first. */
  copied(): Promise<string[]>;
  /** The phone sleeps: onHide, and sockets end 5 s later. */
  sleep(): Promise<void>;
  wake(): Promise<void>;
  offline(off: boolean): Promise<void>;
  /** Starts the app anew, as after it was closed; the storage stays. */
  restart(url?: string): Promise<void>;
  close(): Promise<void>;
}

export interface MiniProgramBrowser {
  readonly url: string;
  open(options?: DeviceOptions): Promise<Device>;
  close(): Promise<void>;
}

/** Serves the mini-program and starts a headless Chromium; every device is a profile in it. */
export async function startMiniProgram(options: MiniProgramOptions = {}): Promise<MiniProgramBrowser> {
  const { gatewayUrl, root, replaced, settings } = options;
  const served = miniProgramPage({
    ...(root === undefined ? {} : { root }),
    ...(replaced === undefined ? {} : { replaced }),
    settings: { ...settingsWithGateway(gatewayUrl), ...settings },
  });
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => served.fetch(request) });
  const browser = await openBrowser();
  return {
    url: server.url.href,
    open: (deviceOptions = {}) => openDevice(browser, server.url.href, deviceOptions),
    async close() {
      await browser.close();
      await server.stop(true);
    },
  };
}

/** Throws with all that is wrong: the mini-program's problems, and what it left behind. */
export async function assertNoProblems(device: Device): Promise<void> {
  const problems = await device.problems();
  if (problems.length === 0) return;
  throw new Error(problems.map(({ kind, text }) => `${kind}: ${text}`).join("\n"));
}

async function openDevice(browser: Browser, url: string, options: DeviceOptions): Promise<Device> {
  const { user = "test", member, width = 375, height = 812, dark = false } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    hasTouch: true,
  });
  const page = await context.newPage();
  const query = new URLSearchParams(member === undefined ? { user } : { wxwork: member });
  const start = async (to = "") => {
    // A change of the fragment alone would be a move within the running app.
    await page.goto("about:blank");
    await page.goto(`${url}?${query.toString()}#${to}`);
    await page.waitForFunction("window.__mp !== undefined");
  };
  await start(options.url);
  return deviceOn(page, context, start);
}

function deviceOn(page: Page, context: BrowserContext, start: (url?: string) => Promise<void>): Device {
  const ask = async <T>(expression: string): Promise<T> => await page.evaluate(`window.__mp.${expression}`);
  const paths = async () => await ask<{ path: string }[]>("stack()");
  return {
    page,
    problems: () => ask("problems()"),
    statistics: () => ask("statistics()"),
    stack: async () => (await paths()).map(({ path }) => path),
    copied: () => ask("copied()"),
    sleep: () => ask("sleep()"),
    wake: () => ask("wake()"),
    offline: (off) => ask(`offline(${off})`),
    restart: start,
    close: () => context.close(),
  };
}
