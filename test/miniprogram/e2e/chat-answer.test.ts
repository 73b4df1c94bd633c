import { expect } from "bun:test";
import { until } from "../../system.ts";
import {
  answersOf,
  ask,
  askAndRead,
  CHAT,
  newestAnswer,
  numbered,
  questionsOf,
  seenTexts,
  strangeTexts,
  untilAnswered,
  watchTexts,
} from "./steps-chat.ts";
import { testsOnPhones } from "./steps-phones.ts";

const LONG = numbered(40);
const THOUGHT = "先想一想，再回答。";
let asked = 0;
const onPhones = testsOnPhones({
  model: {
    tokensPerSecond: 60,
    reply: (messages) => {
      const question = messages.at(-1)?.content ?? "";
      asked += 1;
      if (question === "慢慢讲" || question === "卡住") return LONG;
      if (question === "想好再讲") return { reasoning: THOUGHT, content: "想好了。" };
      return `第 ${asked} 次问「${question}」`;
    },
    fault: (_, messages) =>
      messages.at(-1)?.content === "卡住" ? { t: "stall", afterTokens: 20, commentEveryMs: 500 } : undefined,
  },
});

onPhones("an answer grows as it is written; what is copied of it ends with the label", async ({ open }) => {
  const phone = await open({ user: "reader", url: CHAT });
  const { page } = phone;
  await watchTexts(page);
  expect(await askAndRead(page, "慢慢讲")).toBe(LONG);
  const seen = await seenTexts(page);
  expect(seen.length).toBeGreaterThan(5);
  expect(strangeTexts(seen, [LONG])).toEqual([]);
  expect(seen).toEqual(seen.toSorted((a, b) => a.length - b.length));
  expect(await page.locator("message").getByText("AI 生成").count()).toBe(1);
  await page.getByRole("button", { name: "复制回答" }).click();
  await until("it is copied", async () => (await phone.copied()).length > 0);
  expect(await phone.copied()).toEqual([`${LONG}\n\n（AI 生成）`]);
});

onPhones(
  "stopped in the middle: the model stops, what was said stays, and one can ask on",
  async ({ open, system }) => {
    const phone = await open({ user: "stopper", url: CHAT });
    const { page } = phone;
    await ask(page, "卡住");
    await until("some text", async () => ((await answersOf(page))[0] ?? "").length > 10);
    expect(system.model.running()).toBe(1);
    await page.getByRole("button", { name: "停止生成" }).click();
    await page.getByText("已停止", { exact: true }).waitFor();
    await until("the model is free", () => system.model.running() === 0);
    const [part = ""] = await answersOf(page);
    expect(LONG).toStartWith(part);
    expect(part.length).toBeLessThan(LONG.length);
    expect(await askAndRead(page, "慢慢讲")).toBe(LONG);
    await phone.restart();
    await page.getByRole("button", { name: "卡住" }).click();
    await untilAnswered(page, 2);
    expect(await answersOf(page)).toEqual([part, LONG]);
    expect(await page.getByText("已停止", { exact: true }).count()).toBe(1);
  },
);

onPhones("left in mid-answer: all of it is there when one comes back", async ({ open }) => {
  const { page } = await open({ user: "leaver" });
  await page.getByRole("button", { name: "开始提问" }).click();
  await ask(page, "慢慢讲");
  await until("some text", async () => ((await answersOf(page))[0] ?? "").length > 10);
  await page.getByRole("button", { name: "返回" }).click();
  await watchTexts(page);
  await page.getByRole("button", { name: "慢慢讲" }).click();
  await untilAnswered(page);
  expect(strangeTexts(await seenTexts(page), [LONG])).toEqual([]);
  expect(await answersOf(page)).toEqual([LONG]);
});

onPhones(
  "asked while another answer is being written: delivered to the agent, and answered after that",
  async ({ open }) => {
    const phone = await open({ user: "hurried", url: CHAT });
    const { page } = phone;
    await ask(page, "卡住");
    await until("some text", async () => ((await answersOf(page))[0] ?? "").length > 1);
    await ask(page, "下一个");
    const delivered = newestAnswer(page).getByRole("status").filter({ hasText: "已送达，等待回答…" });
    await delivered.waitFor();
    // The app that begins now hears of it from the agent's history.
    await phone.restart();
    await page.getByRole("button", { name: "卡住" }).click();
    await delivered.waitFor();
    await page.getByRole("button", { name: "停止生成" }).click();
    await untilAnswered(page, 2);
    expect((await answersOf(page))[1]).toMatch(/「下一个」$/);
    expect(await delivered.count()).toBe(0);
  },
);

onPhones("asked anew: the new answer takes the place of the old one", async ({ open, system }) => {
  const phone = await open({ user: "again", url: CHAT });
  const { page } = phone;
  const [requests, before] = [system.model.requests(), asked];
  expect(await askAndRead(page, "再来")).toBe(`第 ${before + 1} 次问「再来」`);
  await page.getByRole("button", { name: "重新生成" }).click();
  const second = `第 ${before + 2} 次问「再来」`;
  await until("the second answer", async () => (await answersOf(page)).join() === second);
  await untilAnswered(page);
  await phone.restart();
  await page.getByRole("button", { name: "再来" }).click();
  await untilAnswered(page);
  expect(await answersOf(page)).toEqual([second]);
  expect(await questionsOf(page)).toEqual(["再来"]);
  expect(system.model.requests() - requests).toBe(2);
});

onPhones("what the model thought is folded away, and can be read", async ({ open }) => {
  const { page } = await open({ user: "thinker", url: CHAT });
  expect(await askAndRead(page, "想好再讲")).toBe("想好了。");
  expect(await page.getByText(THOUGHT).count()).toBe(0);
  await page.getByRole("button", { name: /展开思考过程/ }).click();
  await page.getByText(THOUGHT).waitFor();
  await page.getByRole("button", { name: /收起思考过程/ }).click();
  await page.getByText(THOUGHT).waitFor({ state: "hidden" });
});
