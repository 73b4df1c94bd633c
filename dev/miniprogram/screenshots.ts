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
import { openPhone, type Phone, type Scheme, type Size } from "./screenshots/phone.ts";
import { playDays, type PlayedDays } from "./screenshots/played-days.ts";
import type { Scene } from "./screenshots/scene.ts";
import { chatScenes } from "./screenshots/scenes-chat.ts";
import { FIRST_SCENES, NEWCOMER_SCENES, STRANGER_SCENES } from "./screenshots/scenes-first.ts";
import { INDEX_SCENE } from "./screenshots/scenes-index.ts";
import { agentAwayScenes, laterScenes, OFFLINE_SCENES, REMOVED_SCENE } from "./screenshots/scenes-later.ts";
import { loadingScenes } from "./screenshots/scenes-loading.ts";
import { PERSON_SCENES } from "./screenshots/scenes-person.ts";
import { taskScenes } from "./screenshots/scenes-task.ts";
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

async function takeAll(browser: Browser, { system, clock, tokens, ...known }: PlayedDays): Promise<void> {
  const address = server.url.href;
  for (const scene of FIRST_SCENES) {
    const phones = await phonesOf((size) => ({ address, size, clock, user: "new", agreedToPrivacy: false }));
    await take(browser, phones, [scene]);
  }
  const newcomer = await phonesOf((size) => ({ address, size, clock, user: "new" }));
  await take(browser, newcomer, NEWCOMER_SCENES);
  // WeChat's stand-in knows no such code.
  const stranger = await phonesOf((size) => ({ address, size, clock, user: "no-one" }));
  await take(browser, stranger, STRANGER_SCENES);
  const person = (size: Size, at: number) => ({ address, size, clock, user: "lin", token: tokens[at] });
  await take(browser, await phonesOf(person), loadingScenes(known));
  const phones = await phonesOf(person);
  const all = [INDEX_SCENE, ...chatScenes(known), ...taskScenes(known), ...PERSON_SCENES];
  await take(browser, phones, [...all, ...laterScenes(known)], false);
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
    try {
      await takeOne(browser, phones, scene);
      console.log(scene.name);
    } catch (error) {
      process.exitCode = 1;
      console.error(`${scene.name}: not taken:`, error);
    }
    taken.push(scene);
  }
  if (last) for (const phone of phones) await phone.close();
}

async function takeOne(browser: Browser, phones: readonly Phone[], scene: Scene): Promise<void> {
  const pictures: SheetPicture[] = [];
  for (const phone of phones) {
    const open = async (scheme: Scheme) => {
      const url = typeof scene.url === "string" ? scene.url : await scene.url();
      await phone.start(url, scheme, scene.stuck);
      await scene.show(phone.page);
    };
    await open("light");
    pictures.push({ png: await phone.picture("light"), ...phone.size });
    if (scene.openedForEach) await open("dark");
    pictures.push({ png: await phone.picture("dark"), ...phone.size });
    for (const { kind, text } of await phone.problems()) console.error(`${scene.name}: ${kind}: ${text}`);
  }
  writeFileSync(join(values.out, `${scene.name}.webp`), await sheetOf(browser, pictures));
  if (!values.png) return;
  for (const [at, { png }] of pictures.entries())
    writeFileSync(join(values.out, `${scene.name}-${at}.png`), png);
}

function isWanted(name: string): boolean {
  return only === undefined || only.includes(name);
}

/** In the order of the pages, each with its states. */
function listOf(list: readonly Scene[]): string {
  const pages = Map.groupBy(list, ({ title }) => title.split("：")[0] ?? "");
  const row = ({ name, title }: Scene) =>
    `| [${name}](${name}.webp) | ${title.slice(title.indexOf("：") + 1)} |`;
  const sections = [...pages].map(
    ([page, scenes]) => `## ${page}

| 图 | 内容 |
| --- | --- |
${scenes.map(row).join("\n")}
`,
  );
  return `# 小程序截图

每张图从左到右：浅色和深色（375×812），浅色和深色（320×568）。画面来自真实的网关、智能体和小程序代码，内容是编造的，模型由替身代替。

重新生成（几分钟）：\`npm run screenshots\`，只生成其中几张：\`npm run screenshots -- --only index,chat-answer\`。

${sections.join("\n")}`;
}
