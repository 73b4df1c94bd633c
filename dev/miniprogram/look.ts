/**
 * `bun dev/miniprogram/look.ts --page /pages/chat/chat?id=1 --out /tmp/chat.png`: a picture of a page, and what the
 * harness finds wrong with it. `--size 320x568`, `--theme dark`, `--app played-app.ts` (in the place of app.ts),
 * `--gateway ws://127.0.0.1:8080/trpc`, `--root` (another mini-program), `--wait 500` (milliseconds),
 * `--script 'await page.getByText("发送").click()'` (before the picture).
 */
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { openBrowser } from "./browser.ts";
import { miniProgramPage } from "./serve.ts";
import { settingsWithGateway } from "./gateway-host.ts";

const { values } = parseArgs({
  options: {
    page: { type: "string", default: "" },
    out: { type: "string", default: "miniprogram.png" },
    size: { type: "string", default: "375x812" },
    theme: { type: "string", default: "light" },
    wait: { type: "string", default: "600" },
    app: { type: "string" },
    gateway: { type: "string" },
    root: { type: "string" },
    script: { type: "string" },
    user: { type: "string", default: "look" },
  },
});

const served = miniProgramPage({
  ...(values.root === undefined ? {} : { root: values.root }),
  ...(values.app === undefined ? {} : { replaced: { "app.ts": values.app } }),
  settings: { ...settingsWithGateway(values.gateway), privacyAgreed: true },
});
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => served.fetch(request) });
const browser = await openBrowser();
try {
  const [width = 375, height = 812] = values.size.split("x").map(Number);
  const colorScheme = values.theme === "dark" ? "dark" : "light";
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: 2,
    hasTouch: true,
  });
  page.on("pageerror", (error) => console.error("page error:", error.message));
  await page.goto(`${server.url.href}?user=${values.user}#${values.page}`);
  await page.waitForTimeout(Number(values.wait));
  if (values.script !== undefined) await run(page, values.script);
  await page.screenshot({ path: values.out });
  const found = await page.evaluate(
    "JSON.stringify({ problems: __mp.problems(), statistics: __mp.statistics() }, null, 1)",
  );
  console.log(found);
} finally {
  await browser.close();
  await server.stop(true);
}

async function run(page: Page, script: string): Promise<void> {
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (page: Page) => Promise<void>;
  await new AsyncFunction("page", script)(page);
  await page.waitForTimeout(400);
}
