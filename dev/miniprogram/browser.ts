import { type Browser, chromium } from "playwright-core";

/** As in dev/setup.mjs, which installs the first when there is none of them. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of a Chromium; "" when there is none. */
export const CHROMIUM = NAMES.map((name) => Bun.which(name)).find((path) => path !== null) ?? "";

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--no-first-run",
      "--disable-sync",
    ],
  });
}
