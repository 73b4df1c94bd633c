import { expect } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { until } from "../../system.ts";
import { answersOf, ask, askAndRead, CHAT, composer, questionsOf, untilAnswered } from "./steps-chat.ts";
import { answerDialog, testsOnPhones } from "./steps-phones.ts";

// What a long press on a message offers.

let asked = 0;
const onPhones = testsOnPhones({
  model: { reply: (messages) => `第 ${++asked} 次回答「${messages.at(-1)?.content}」` },
});

const choices = (page: Page) => page.getByRole("dialog").getByRole("button").allInnerTexts();

/** Holds a finger on it until the menu is there. */
async function press(page: Page, message: Locator): Promise<void> {
  await message.hover();
  await page.mouse.down();
  await page.getByRole("dialog").waitFor();
  await page.mouse.up();
}

onPhones("on an answer: a copy with its label, and another answer for the last one", async ({ open }) => {
  const phone = await open({ user: "presser", url: CHAT });
  const { page } = phone;
  const first = await askAndRead(page, "甲");
  await askAndRead(page, "乙");
  const answer = (number: number) => page.locator("message markdown-view").nth(number);

  await press(page, answer(0));
  expect(await choices(page)).toEqual(["复制", "取消"]);
  await answerDialog(page, "复制");
  await until("it is copied", async () => (await phone.copied()).length > 0);
  expect(await phone.copied()).toEqual([`${first}\n\n（AI 生成）`]);

  await press(page, answer(1));
  expect(await choices(page)).toEqual(["复制", "重新生成", "取消"]);
  await answerDialog(page, "取消");
  expect(asked).toBe(2);
  await press(page, answer(1));
  await answerDialog(page, "重新生成");
  await until("another answer", async () => (await answersOf(page))[1] === "第 3 次回答「乙」");
  await untilAnswered(page, 2);
  expect(await questionsOf(page)).toEqual(["甲", "乙"]);
});

onPhones(
  "on a question: a copy as it is, or back into the field; one not sent is taken back",
  async (phones) => {
    const phone = await phones.open({ user: "rewriter", url: CHAT });
    const { page } = phone;
    const question = (text: string) => page.locator("message").getByText(text, { exact: true });
    await askAndRead(page, "**原样**");
    await press(page, question("**原样**"));
    expect(await choices(page)).toEqual(["复制", "放入输入框", "取消"]);
    await answerDialog(page, "复制");
    await until("it is copied", async () => (await phone.copied()).length > 0);
    expect(await phone.copied()).toEqual(["**原样**"]);
    await press(page, question("**原样**"));
    await answerDialog(page, "放入输入框");
    await until("it is in the field", async () => (await composer(page).inputValue()) === "**原样**");

    await phone.offline(true);
    await page.getByRole("alert").waitFor();
    await ask(page, "写错了");
    await page.getByText("等待网络").waitFor();
    await press(page, question("写错了"));
    expect(await choices(page)).toEqual(["复制", "撤回并编辑", "取消"]);
    await answerDialog(page, "撤回并编辑");
    await until("it is in the field", async () => (await composer(page).inputValue()) === "写错了");
    expect(await questionsOf(page)).toEqual(["**原样**"]);
  },
);
