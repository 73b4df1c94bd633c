import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { chromium, type Page } from "playwright-core";
import theme from "../../miniprogram/theme.json";
import { TAB_ICONS } from "./tab-icons.ts";

/** What WeChat recommends: 27 points at three pixels each. */
export const ICON_PIXELS = 81;

const APP = resolve(import.meta.dir, "../../miniprogram");

interface Icon {
  /** Below miniprogram/ */
  readonly file: string;
  readonly svg: string;
}

/** Each icon that theme.json names, in the colour that it has there. */
export function iconsOfTheme(): Icon[] {
  return [theme.light, theme.dark].flatMap((colours) => [
    { file: colours.homeIcon, svg: TAB_ICONS.home.line(colours.tabText) },
    { file: colours.homeIconSelected, svg: TAB_ICONS.home.filled(colours.tabSelected) },
    { file: colours.taskIcon, svg: TAB_ICONS.task.line(colours.tabText) },
    { file: colours.taskIconSelected, svg: TAB_ICONS.task.filled(colours.tabSelected) },
    { file: colours.userIcon, svg: TAB_ICONS.user.line(colours.tabText) },
    { file: colours.userIconSelected, svg: TAB_ICONS.user.filled(colours.tabSelected) },
  ]);
}

/** Writes the PNG files of the tab bar, which WeChat does not take as SVG, below `directory`. */
export async function drawIcons(directory: string): Promise<void> {
  await mkdir(join(directory, "images"), { recursive: true });
  const executablePath = Bun.which("chromium");
  if (executablePath === null) throw new Error("drawing icons needs Chromium on the PATH");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: ICON_PIXELS, height: ICON_PIXELS } });
    for (const icon of iconsOfTheme())
      await Bun.write(join(directory, icon.file), await draw(page, icon.svg));
  } finally {
    await browser.close();
  }
}

async function draw(page: Page, svg: string): Promise<Buffer> {
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${ICON_PIXELS}px}</style>${svg}`);
  return page.screenshot({ omitBackground: true });
}

if (import.meta.main) await drawIcons(APP);
