import { afterAll, expect } from "bun:test";
import { freePort } from "../../../dev/program.ts";
import { startWechatLogin, type WechatLogin } from "../../../dev/wechat-login.ts";
import { openSessionTokens } from "../../../src/gateway/users/session-token.ts";
import { APP, until } from "../../system.ts";
import { answersOf, ask, askAndRead, composer, questionsOf, untilAnswered } from "./steps-chat.ts";
import { answerDialog, testsOnPhones } from "./steps-phones.ts";

const wechatPort = freePort();
const startWechat = (secret: string = APP.secret) => startWechatLogin({ ...APP, secret, port: wechatPort });
let wechat: WechatLogin = startWechat();
afterAll(() => wechat.stop());

const onPhones = testsOnPhones(
  {
    model: { reply: (messages) => `回答：${messages.at(-1)?.content ?? ""}` },
    gatewayEnv: { CLAW_MINIPROGRAM_API_BASE: `http://127.0.0.1:${wechatPort}` },
  },
  {},
);

const keptToken = "__mp.wx.getStorageSync('session-token')";

onPhones("the first start: the contract, then a question from the first page", async ({ open }) => {
  const phone = await open({ user: "first" });
  const { page } = phone;
  await answerDialog(page, "同意");
  await page.getByRole("button", { name: "开始提问" }).click();
  expect(await askAndRead(page, "你能做什么")).toBe("回答：你能做什么");
  expect(await page.getByText("AI 生成").count()).toBe(1);
  await page.getByRole("button", { name: "返回" }).click();
  await page.getByRole("button", { name: "你能做什么" }).waitFor();
  await phone.restart();
  await page.getByRole("button", { name: "你能做什么" }).click();
  await untilAnswered(page);
  expect(await page.getByRole("dialog").count()).toBe(0);
});

onPhones("who does not agree can ask all the same, and is asked again before copying", async ({ open }) => {
  const phone = await open({ user: "careful" });
  const { page } = phone;
  await answerDialog(page, "暂不同意");
  await page.getByRole("button", { name: "开始提问" }).click();
  await askAndRead(page, "问题");
  await page.getByRole("button", { name: "复制回答" }).click();
  await answerDialog(page, "同意");
  await until("it is copied", async () => (await phone.copied()).length === 1);
  expect(await phone.copied()).toEqual(["回答：问题\n\n（AI 生成）"]);
});

onPhones("a token that is worth nothing: signs in again, and keeps what was typed", async ({ open }) => {
  const phone = await open({ user: "forged" });
  const { page } = phone;
  await answerDialog(page, "同意");
  await page.getByRole("button", { name: "开始提问" }).click();
  await askAndRead(page, "第一问");
  await composer(page).fill("还没有写完");
  await until("the draft is kept", async () =>
    /还没有写完/.test(await page.evaluate("JSON.stringify(localStorage)")),
  );
  const forged = await openSessionTokens("another-secret-0123456789012345").issue({
    userId: "u-forged",
    deviceId: crypto.randomUUID(),
  });
  await page.evaluate(`__mp.wx.setStorageSync('session-token', ${JSON.stringify(forged)})`);
  await phone.restart();
  await page.getByRole("button", { name: "第一问" }).click();
  await untilAnswered(page);
  expect(await composer(page).inputValue()).toBe("还没有写完");
  expect(await page.evaluate<string>(keptToken)).not.toBe(forged);
  await page.getByRole("button", { name: "发送" }).click();
  await untilAnswered(page, 2);
  expect(await answersOf(page)).toEqual(["回答：第一问", "回答：还没有写完"]);
});

onPhones("WeChat refuses the sign-in: says so; asks and answers once it does not", async ({ open }) => {
  await wechat.stop();
  wechat = startWechat("changed");
  const phone = await open({ user: "refused" });
  const { page } = phone;
  await page.clock.install();
  await phone.restart();
  let tries = 0;
  page.on("websocket", () => tries++);
  await answerDialog(page, "同意");
  await page.getByRole("alert").filter({ hasText: "登录" }).waitFor();
  await page.getByRole("button", { name: "开始提问" }).click();
  await ask(page, "等登录");
  expect(await page.getByRole("alert").innerText()).toContain("登录");
  expect(await questionsOf(page)).toEqual(["等登录"]);

  // With its clock stopped the app tries only when a pause is let pass; after so many tries the next one is 7.5 s at least.
  await page.clock.pauseAt((await page.evaluate<number>("Date.now()")) + 1_000);
  for (let i = 0; i < 6; i++) {
    const before = tries;
    await until("one more try", async () => {
      await page.clock.runFor(500);
      return tries > before;
    });
    await until("it is over", async () => {
      await page.clock.runFor(20);
      return (await phone.statistics()).sockets === 0;
    });
  }
  await page.clock.runFor(100);
  await wechat.stop();
  wechat = startWechat();
  const before = tries;
  await page.getByRole("button", { name: "重试登录" }).click();
  await until("it tries", () => tries > before);
  await page.clock.resume();
  await untilAnswered(page);
  expect(await answersOf(page)).toEqual(["回答：等登录"]);
  expect(await page.getByRole("alert").count()).toBe(0);
});
