/**
 * `npm run screenshots`: takes the pictures in docs/screenshots anew, of the mini-program on a real system.
 * `-- --only chat-answer,index` takes some of them; `--out /tmp/pictures` puts them elsewhere, `--png` also each by itself.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Browser } from "playwright-core";
import { openBrowser } from "./browser.ts";
import { settingsWithGateway } from "./gateway-host.ts";
import { openPhone, type Phone, type Size } from "./screenshots/phone.ts";
import { playDays, type PlayedDays } from "./screenshots/played-days.ts";
import {
  agentAwayScenes,
  FIRST_SCENES,
  OFFLINE_SCENES,
  REMOVED_SCENE,
  type Scene,
  scenes,
  streamingScene,
} from "./screenshots/scenes.ts";
import { sheetOf, type SheetPicture } from "./screenshots/sheet.ts";
import { miniProgramPage } from "./serve.ts";

const SIZES: readonly Size[] = [
  { width: 375, height: 812 },
  { width: 320, height: 568 },
];

const { values } = parseArgs({
  options: {
    out: { type: "string", default: resolve(import.meta.dir, "..", "..", "docs", "screenshots") },
    only: { type: "string" },
    png: { type: "boolean", default: false },
  },
});
const only = values.only?.split(",");
const taken: Scene[] = [];
mkdirSync(values.out, { recursive: true });

const days = await playDays();
const served = miniProgramPage({
  settings: settingsWithGateway(`${days.system.gatewayUrl.replace("http", "ws")}/trpc`),
});
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => served.fetch(request) });
const browser = await openBrowser();
try {
  await takeAll(browser, days);
} finally {
  await browser.close();
  await server.stop(true);
  await days.stop();
}
if (only === undefined) writeFileSync(join(values.out, "README.md"), listOf(taken));

async function takeAll(
  browser: Browser,
  { system, clock, tokens, askForSpeech, ...known }: PlayedDays,
): Promise<void> {
  const address = server.url.href;
  for (const scene of FIRST_SCENES) {
    const phones = await phonesOf((size) => ({ address, size, clock, user: "new", agreedToPrivacy: false }));
    await take(browser, phones, [scene]);
  }
  const phones = await phonesOf((size, at) => ({ address, size, clock, user: "lin", token: tokens[at] }));
  await take(browser, phones, scenes(known), false);
  if (isWanted("chat-streaming")) await take(browser, phones, [streamingScene(await askForSpeech())], false);
  await system.agent().stop();
  await take(browser, phones, [...agentAwayScenes(known), ...OFFLINE_SCENES, REMOVED_SCENE]);
}

function phonesOf(optionsOf: (size: Size, at: number) => Parameters<typeof openPhone>[1]): Promise<Phone[]> {
  return Promise.all(SIZES.map((size, at) => openPhone(browser, optionsOf(size, at))));
}

async function take(
  browser: Browser,
  phones: readonly Phone[],
  list: readonly Scene[],
  last = true,
): Promise<void> {
  for (const scene of list.filter(({ name }) => isWanted(name))) {
    const pictures: SheetPicture[] = [];
    for (const phone of phones) {
      await phone.start(scene.url);
      await scene.show(phone.page);
      pictures.push(...(await phone.pictures()).map((png) => ({ png, ...phone.size })));
      for (const { kind, text } of await phone.problems()) console.error(`${scene.name}: ${kind}: ${text}`);
    }
    writeFileSync(join(values.out, `${scene.name}.webp`), await sheetOf(browser, pictures));
    if (values.png) {
      for (const [at, { png }] of pictures.entries())
        writeFileSync(join(values.out, `${scene.name}-${at}.png`), png);
    }
    taken.push(scene);
    console.log(scene.name);
  }
  if (last) for (const phone of phones) await phone.close();
}

function isWanted(name: string): boolean {
  return only === undefined || only.includes(name);
}

function listOf(list: readonly Scene[]): string {
  const rows = list.map(({ name, title }) => `| [${name}](${name}.webp) | ${title} |`);
  return `# 小程序截图

每张图从左到右：浅色和深色（375×812），浅色和深色（320×568）。画面来自真实的网关、智能体和小程序代码，内容是编造的，模型由替身代替。

重新生成（一两分钟）：\`npm run screenshots\`，只生成其中几张：\`npm run screenshots -- --only index,chat-answer\`。

| 图 | 内容 |
| --- | --- |
${rows.join("\n")}
`;
}
