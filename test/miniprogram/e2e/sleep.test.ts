import { expect } from "bun:test";
import { until } from "../../system.ts";
import {
  answersOf,
  ask,
  askAndRead,
  CHAT,
  numbered,
  questionsOf,
  seenTexts,
  strangeTexts,
  untilAnswered,
  watchTexts,
} from "./steps-chat.ts";
import { testsOnPhones } from "./steps-phones.ts";

/** Some seconds long. */
const LONG = numbered(90);
const SLEEP_MS = 30_000;
const onPhones = testsOnPhones({
  model: {
    tokensPerSecond: 60,
    reply: (messages) => (messages.at(-1)?.content === "慢慢讲" ? LONG : "还在。"),
  },
});

onPhones(
  "a phone that sleeps in mid-answer has all of it when it wakes, once, and need not sign in again",
  async ({ open, system }) => {
    const phone = await open({ user: "sleeper", url: CHAT });
    const { page } = phone;
    // A phone's clock goes on while nothing runs on it; the half minute is over at once for the mini-program.
    await page.clock.install();
    await phone.restart(CHAT);
    await watchTexts(page);
    await ask(page, "慢慢讲");
    await until("some text", async () => ((await answersOf(page))[0] ?? "").length > 10);
    const token = await page.evaluate("__mp.wx.getStorageSync('session-token')");
    await phone.sleep();
    await page.clock.fastForward(SLEEP_MS);
    await until("WeChat has ended the socket", async () => (await phone.statistics()).sockets === 0);
    expect(((await answersOf(page))[0] ?? "").length).toBeLessThan(LONG.length);
    await until("the model is through", () => system.model.running() === 0);
    expect((await phone.statistics()).sockets).toBe(0);
    await phone.wake();
    await untilAnswered(page);
    expect(await answersOf(page)).toEqual([LONG]);
    expect(strangeTexts(await seenTexts(page), [LONG])).toEqual([]);
    expect(await questionsOf(page)).toEqual(["慢慢讲"]);
    expect(await page.evaluate("__mp.wx.getStorageSync('session-token')")).toBe(token);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await askAndRead(page, "还在吗")).toBe("还在。");
    expect(system.model.requests()).toBe(2);
  },
);
