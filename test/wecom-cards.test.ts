import { afterAll, beforeAll, expect, test } from "bun:test";
import { TEXTS } from "../src/gateway/wecom/texts.ts";
import { openRandom } from "./random.ts";
import { startSystem, type System, until } from "./system.ts";

/** Kills for each button. */
const ROUNDS = Number(process.env["CLAW_TEST_KILLS"] ?? 4);
const random = openRandom();
let system: System;
beforeAll(async () => {
  system = await startSystem({ model: { reply: (messages) => `做完了：${messages.at(-1)?.content ?? ""}` } });
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

interface Card {
  id: string;
  state: string;
}
const cardsOf = (member: string): Card[] =>
  system.wecomApi
    .list(member)
    .filter(({ msgtype }) => msgtype === "template_card")
    .map(({ id, content }) => ({
      id,
      state: (JSON.parse(content) as { source: { desc: string } }).source.desc,
    }));
const textsOf = (member: string) =>
  system.wecomApi
    .list(member)
    .filter(({ msgtype }) => msgtype !== "template_card")
    .map(({ content }) => content);
const untilCards = (member: string, ...states: string[]) =>
  until(`${member} has the cards ${states.join()}`, () => {
    const now = cardsOf(member).map(({ state }) => state);
    return JSON.stringify(now) === JSON.stringify(states);
  });

/** Presses a button as WeCom tells of it: again and again, the same event, until it is acknowledged. */
async function press(member: string, messageId: string, key: string): Promise<void> {
  const fields = system.wecomApi.press(messageId, key);
  if (!fields) throw new Error(`no button ${key}`);
  const createTime = Math.floor(Date.now() / 1_000);
  const send = () => system.wecom.sendEvent(member, "template_card_event", fields, { createTime });
  await until("the press is acknowledged", async () => (await send()).delivered);
}

/** Kills the gateway just after the press has begun: before, while or after it is acknowledged and handled. */
async function pressAndKill(member: string, key: string): Promise<void> {
  const pressing = press(member, cardsOf(member)[0]?.id ?? "", key);
  await Bun.sleep(random.between(0, 25));
  await system.gateway().kill9();
  await system.startGateway();
  await pressing;
}

test("a task from the chat is done by the agent: its card changes, and the result comes", async () => {
  await system.wecom.sendText("writer", "/task 写周报");
  await untilCards("writer", "任务 1 · 已完成");
  await until("the result", () => textsOf("writer").length === 1);
  expect(textsOf("writer")).toEqual(["任务 1「写周报」的结果：\n\n做完了：写周报"]);
});

test(`a gateway that is killed at the press of a button acts on it once (seed ${random.seed})`, async () => {
  await system.agent().stop();
  for (let round = 0; round < ROUNDS; round++) {
    const member = `killed${round}`;
    const prompt = `第 ${round} 件`;
    await system.wecom.sendText(member, `/task ${prompt}`);
    await untilCards(member, "任务 1 · 排队中");
    await pressAndKill(member, "cancel");
    await untilCards(member, "任务 1 · 已取消");
    await pressAndKill(member, "retry");
    await untilCards(member, "任务 1 · 已重试", "任务 1 · 排队中");
    expect(textsOf(member)).toEqual([TEXTS.cancelled(`任务 1「${prompt}」`)]);
  }
  await system.startAgent();
  for (let round = 0; round < ROUNDS; round++) {
    const member = `killed${round}`;
    await untilCards(member, "任务 1 · 已重试", "任务 1 · 已完成");
    await until("the result", () => textsOf(member).length === 2);
  }
  // One for each attempt that was not cancelled, and the one of the first test.
  expect(system.model.requests()).toBe(ROUNDS + 1);
}, 60_000);
