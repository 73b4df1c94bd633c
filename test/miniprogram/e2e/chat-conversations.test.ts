import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { ask as askByApi } from "../../ask.ts";
import { until } from "../../system.ts";
import {
  answersOf,
  ask,
  askAndRead,
  CHAT,
  composer,
  numbered,
  questionsOf,
  readMessages,
  seenTexts,
  strangeTexts,
  untilAnswered,
  watchTexts,
} from "./steps-chat.ts";
import { answerDialog, testsOnPhones } from "./steps-phones.ts";

const SENTENCES = 8;
const LONG = numbered(SENTENCES);
/** What the model waits for, told what it has said. */
let beforeToken: ((said: string) => Promise<void>) | undefined;
const onPhones = testsOnPhones({
  model: {
    tokensPerSecond: 80,
    beforeToken: async (said) => beforeToken?.(said),
    reply: (messages) => {
      const question = messages.at(-1)?.content ?? "";
      return question === "慢慢讲" ? LONG : `答${question}`;
    },
  },
});

const drawer = (page: Page) => page.getByRole("dialog", { name: "会话列表" });
const row = (page: Page, title: string) => drawer(page).getByRole("button", { name: `${title}，` });

async function openDrawer(page: Page): Promise<void> {
  await page.getByRole("button", { name: "会话列表", exact: true }).click();
  await drawer(page).waitFor();
}
async function choose(page: Page, title: string, action: string): Promise<void> {
  await drawer(page)
    .getByRole("button", { name: `${title} 的更多操作` })
    .click();
  await page.getByRole("button", { name: action, exact: true }).click();
}

onPhones("renamed and deleted on one phone: seen at once on the other", async ({ open }) => {
  const [one, other] = [await open({ user: "two", url: CHAT }), await open({ user: "two", url: CHAT })];
  await askAndRead(one.page, "旧的名字");
  await openDrawer(other.page);
  await row(other.page, "旧的名字").waitFor();
  await openDrawer(one.page);
  await choose(one.page, "旧的名字", "重命名");
  await one.page.getByRole("textbox", { name: "重命名会话" }).fill("新的名字");
  await answerDialog(one.page, "保存");
  await row(one.page, "新的名字").waitFor();
  await row(other.page, "新的名字").click();
  await untilAnswered(other.page);
  expect(await answersOf(other.page)).toEqual(["答旧的名字"]);
  await choose(one.page, "新的名字", "删除会话");
  await answerDialog(one.page, "删除");
  await row(one.page, "新的名字").waitFor({ state: "hidden" });
  await other.page.getByText("这个会话不在了").waitFor();
  expect(await readMessages(one.page)).toEqual([]);
  await openDrawer(other.page);
  await drawer(other.page).getByText("还没有会话").waitFor();
});

onPhones("two phones in one conversation: what is asked on one streams on the other", async ({ open }) => {
  const [one, other] = [await open({ user: "pair", url: CHAT }), await open({ user: "pair", url: CHAT })];
  await askAndRead(one.page, "开头");
  await openDrawer(other.page);
  await row(other.page, "开头").click();
  await untilAnswered(other.page);
  await watchTexts(other.page);
  beforeToken = async (said) => {
    if (!said.endsWith("，")) return;
    for (const { page } of [one, other])
      await until(`${said} is shown`, async () => (await answersOf(page)).at(-1) === said);
  };
  await ask(one.page, "慢慢讲");
  for (const { page } of [one, other]) await untilAnswered(page, 2);
  const seen = await seenTexts(other.page);
  for (let count = 1; count < SENTENCES; count++) expect(seen).toContain(`${numbered(count)}，`);
  expect(strangeTexts(seen, ["答开头", LONG])).toEqual([]);
  beforeToken = undefined;
  await ask(other.page, "轮到我了");
  for (const { page } of [one, other]) {
    await untilAnswered(page, 3);
    expect(await questionsOf(page)).toEqual(["开头", "慢慢讲", "轮到我了"]);
    expect(await answersOf(page)).toEqual(["答开头", LONG, "答轮到我了"]);
  }
});

onPhones("what is typed stays with its conversation, also when the app is closed", async ({ open }) => {
  const phone = await open({ user: "drafts", url: CHAT });
  const { page } = phone;
  const typed = () => composer(page).inputValue();
  const goTo = async (title: string) => {
    await openDrawer(page);
    await row(page, title).click();
    await until(`${title} is open`, async () => (await questionsOf(page))[0] === title);
  };
  await askAndRead(page, "甲");
  await composer(page).fill("甲的草稿");
  await page.getByRole("button", { name: "新建会话" }).click();
  expect(await typed()).toBe("");
  await askAndRead(page, "乙");
  await composer(page).fill("乙的\n草稿");
  await goTo("甲");
  expect(await typed()).toBe("甲的草稿");
  await phone.restart(CHAT);
  await goTo("乙");
  expect(await typed()).toBe("乙的\n草稿");
  await page.getByRole("button", { name: "发送" }).click();
  await untilAnswered(page, 2);
  await phone.restart(CHAT);
  await goTo("甲");
  expect(await typed()).toBe("甲的草稿");
  await goTo("乙");
  expect(await typed()).toBe("");
});

const TURNS = 34;

onPhones("older messages come as one scrolls up: nothing jumps, nothing twice", async ({ open, system }) => {
  const client = system.client(await system.signIn("scroller"));
  const { conversationId } = await askByApi(client, "问0");
  for (let i = 1; i < TURNS; i++) await askByApi(client, `问${i}`, conversationId);
  const { page } = await open({ user: "scroller", url: `${CHAT}?id=${conversationId}` });
  await until("the newest page", async () => (await readMessages(page)).length === 30);
  for (const length of [60, 2 * TURNS]) {
    const text = (await readMessages(page))[0]?.text ?? "";
    const read = page.locator("message").getByText(text, { exact: true });
    await scrollToTop(page);
    await until(`${length} messages`, async () => (await readMessages(page)).length === length);
    await until("what was at the top is in sight", async () => {
      const { y } = (await read.boundingBox()) ?? { y: -1 };
      return y > 0 && y < 400;
    });
  }
  expect(await page.getByText("查看更早的消息").count()).toBe(0);
  expect((await readMessages(page)).map(({ text }) => text)).toEqual(
    Array.from({ length: TURNS }, (_, i) => [`问${i}`, `答问${i}`]).flat(),
  );
});

async function scrollToTop(page: Page): Promise<void> {
  await page.locator("message").last().hover();
  await page.mouse.wheel(0, -100_000);
}
