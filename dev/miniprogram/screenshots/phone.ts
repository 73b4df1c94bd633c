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

/** A phone that pictures are taken of. */
export interface Phone {
  readonly page: Page;
  readonly size: Size;
  /** Starts the mini-program anew on that page. */
  start(url: string): Promise<void>;
  /** PNG pictures of what is on the screen: light, then dark. */
  pictures(): Promise<Buffer[]>;
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
  await context.routeWebSocket(/^ws:/, (phone) => {
    const gateway = phone.connectToServer();
    gateway.onMessage((message) => phone.send(clock.moved(message.toString())));
  });
  const page = await context.newPage();
  const picture = () => page.screenshot({ animations: "disabled", caret: "hide" });
  return {
    page,
    size,
    async start(url) {
      await page.goto("about:blank");
      const isPushed = PUSHED_PAGE.test(url);
      await page.goto(`${address}?user=${user}#${isPushed ? FIRST_PAGE : url}`);
      await page.waitForFunction("window.__mp !== undefined");
      if (isPushed) await page.evaluate(`__mp.wx.navigateTo({ url: ${JSON.stringify(url)} })`);
    },
    async pictures() {
      await settled(page);
      const light = await picture();
      await page.emulateMedia({ colorScheme: "dark" });
      await settled(page);
      const dark = await picture();
      await page.emulateMedia({ colorScheme: "light" });
      return [light, dark];
    },
    problems: () => page.evaluate("__mp.problems()"),
    close: () => context.close(),
  };
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
