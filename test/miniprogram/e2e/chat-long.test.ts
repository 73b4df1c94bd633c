import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { until } from "../../system.ts";
import { endless, longAnswer } from "../long-answer.ts";
import { ask, CHAT, untilAnswered } from "./steps-chat.ts";
import { testsOnPhones } from "./steps-phones.ts";

const CHARS = 20_000;
const { paragraph, "dense paragraph": dense } = endless(CHARS);
/** What is asked for, and what is answered. */
const ANSWERS = { 各种内容: longAnswer(CHARS), 一段: paragraph, 一段重点: dense } as const;
const onPhones = testsOnPhones({
  model: {
    tokensPerSecond: 2500,
    contextTokens: 100_000,
    reply: (messages) => ANSWERS[messages.at(-1)?.content as keyof typeof ANSWERS],
  },
});

/** Of a call of setData; WeChat's own limit is 1 MB, but an old phone stutters long before. */
const MAX_CALL_BYTES = 40 * 1024;
/** Of all of them for each byte of the text: one that is sent whole with each growth would be ten times that. */
const MAX_SENT = 15;
/** Seconds of the processor, not of the clock: other programs may be busy, too. */
const MAX_BUSY_S = 6;
const MAX_BLOCKED_S = 1;

for (const [question, answer] of Object.entries(ANSWERS))
  onPhones(
    `a very long answer (${question}): whole, in small pieces, and the page stays alive`,
    async ({ open }) => {
      const phone = await open({ user: "long", url: CHAT });
      const { page } = phone;
      const busy = await watchBusy(page);
      const before = await phone.statistics();
      await ask(page, question);
      await untilAnswered(page);
      const { busySeconds, blockedSeconds } = await busy();
      const { setData } = await phone.statistics();
      expect(setData.calls - before.setData.calls).toBeGreaterThan(10);
      expect(setData.largest).toBeLessThan(MAX_CALL_BYTES);
      expect(setData.bytes - before.setData.bytes).toBeLessThan(MAX_SENT * Buffer.byteLength(answer));
      expect(busySeconds).toBeLessThan(MAX_BUSY_S);
      expect(blockedSeconds).toBeLessThan(MAX_BLOCKED_S);
      await page.getByRole("button", { name: "复制回答" }).click();
      await until("it is copied", async () => (await phone.copied()).length > 0);
      expect(await phone.copied()).toEqual([`${answer}\n\n（AI 生成）`]);
    },
  );

/** Returns a function that tells how busy the page's thread was until then, and for how long at a stretch. */
async function watchBusy(page: Page) {
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable");
  const metric = async (name: string) => {
    const { metrics } = await client.send("Performance.getMetrics");
    return metrics.find((one) => one.name === name)?.value ?? Number.NaN;
  };
  const both = async () => [await metric("ThreadTime"), await metric("TaskDuration")] as const;
  await page.evaluate(`{
    window.longestTaskMs = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longestTaskMs = Math.max(window.longestTaskMs, duration);
    }).observe({ type: "longtask" });
  }`);
  const [processorBefore, clockBefore] = await both();
  return async () => {
    const [processor, clock] = await both();
    const busySeconds = processor - processorBefore;
    const longest = (await page.evaluate<number>("window.longestTaskMs")) / 1000;
    return { busySeconds, blockedSeconds: (longest * busySeconds) / (clock - clockBefore) };
  };
}
