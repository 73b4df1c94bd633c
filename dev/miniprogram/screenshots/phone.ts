import type { Browser, Page } from "playwright-core";
import type { PlayedClock } from "./played-clock.ts";
import { NOW, TIME_ZONE } from "./played-days.ts";

const FIRST_PAGE = "/pages/index/index";
/** Pages that are opened from the first one, so that there is a way back. */
const PUSHED_PAGE = /^\/pages\/(chat|task-new|task-detail|devices|about)\//;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Scheme = "light" | "dark";

/** A phone that pictures are taken of. */
export interface Phone {
  readonly page: Page;
  readonly size: Size;
  /** Starts the mini-program anew on that page. `stuck`: calls that get nowhere this time, as "task.list". */
  start(url: string, scheme: Scheme, stuck?: readonly string[]): Promise<void>;
  /** A PNG picture of what is on the screen. */
  picture(scheme: Scheme): Promise<Buffer>;
  /** What the harness finds wrong. */
  problems(): Promise<readonly { kind: string; text: string }[]>;
  close(): Promise<void>;
}

export async function openPhone(
  browser: Browser,
  options: {
    /** Where the mini-program is served. */
    address: string;
    size: Size;
    user: string;
    /** A session that is already there. */
    token?: string | undefined;
    agreedToPrivacy?: boolean;
    clock: PlayedClock;
  },
): Promise<Phone> {
  const { address, size, user, token, agreedToPrivacy = true, clock } = options;
  const context = await browser.newContext({
    viewport: size,
    deviceScaleFactor: 2,
    timezoneId: TIME_ZONE,
    hasTouch: true,
  });
  await context.clock.setFixedTime(NOW);
  const kept = {
    ...(token !== undefined && { [`mp-${user}:session-token`]: JSON.stringify(token) }),
    ...(agreedToPrivacy && { [`mp-${user}.privacy`]: "agreed" }),
  };
  await context.addInitScript(
    `if (location.protocol === "http:") Object.assign(localStorage, ${JSON.stringify(kept)})`,
  );
  let stuck: readonly string[] = [];
  await context.routeWebSocket(/^ws:/, (phone) => {
    const gateway = phone.connectToServer();
    phone.onMessage((message) => {
      const sent = without(message.toString(), stuck);
      if (sent !== undefined) gateway.send(sent);
    });
    gateway.onMessage((message) => phone.send(clock.moved(message.toString())));
  });
  const page = await context.newPage();
  return {
    page,
    size,
    async start(url, scheme, stuckNow = []) {
      await page.goto("about:blank");
      await page.emulateMedia({ colorScheme: scheme });
      stuck = stuckNow;
      const isPushed = PUSHED_PAGE.test(url);
      await page.goto(`${address}?user=${user}#${isPushed ? FIRST_PAGE : url}`);
      await page.waitForFunction("window.__mp !== undefined");
      if (isPushed) await page.evaluate(`__mp.wx.navigateTo({ url: ${JSON.stringify(url)} })`);
    },
    async picture(scheme) {
      await page.emulateMedia({ colorScheme: scheme });
      await settled(page);
      return await page.screenshot({ animations: "disabled", caret: "hide" });
    },
    problems: () => page.evaluate("__mp.problems()"),
    close: () => context.close(),
  };
}

/** What the phone says, but for some of its calls; undefined when there is nothing else. Several may come as one. */
function without(message: string, stuck: readonly string[]): string | undefined {
  if (stuck.length === 0 || !/^[[{]/.test(message)) return message;
  const calls = [JSON.parse(message) as Call | Call[]].flat();
  const rest = calls.filter(({ params }) => !stuck.includes(params?.path ?? ""));
  if (rest.length === calls.length) return message;
  return rest.length === 0 ? undefined : JSON.stringify(rest);
}

interface Call {
  readonly params?: { readonly path?: string };
}

/** Long enough for what is drawn a moment later, such as a growing text. */
const SETTLE_MS = 400;

async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(SETTLE_MS);
  await page.evaluate(`Promise.all(
    document.getAnimations()
      .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
      .map((one) => one.finished.catch(() => undefined)),
  ).then(() => undefined)`);
}
