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

/** Still being written when the gateway is back the first time. */
const LONG = numbered(120);
let modelFails = true;
const onPhones = testsOnPhones({
  model: {
    tokensPerSecond: 60,
    reply: (messages) => {
      const question = messages.at(-1)?.content ?? "";
      return question === "慢慢讲" ? LONG : `回答：${question}`;
    },
    fault: (_, messages) =>
      modelFails && messages.at(-1)?.content === "出错的"
        ? { t: "error-event", afterTokens: 2, named: true, message: "out of memory" }
        : undefined,
  },
});

onPhones(
  "the gateway dies twice in mid-answer: each character once, and what is asked meanwhile once",
  async ({ open, system }) => {
    const { page } = await open({ user: "offline", url: CHAT });
    const requests = system.model.requests();
    await watchTexts(page);
    await ask(page, "慢慢讲");
    const length = async () => ((await answersOf(page))[0] ?? "").length;
    await until("some text", async () => (await length()) > 10);
    await system.gateway().kill9();
    const before = await length();
    await system.startGateway();
    await until("more text", async () => (await length()) > before);
    await system.gateway().kill9();
    const banner = page.getByRole("alert").filter({ hasText: "网络已断开" });
    await banner.waitFor();
    await ask(page, "断网时问的");
    await page.getByText("等待网络，连上后自动发送").waitFor();
    await system.startGateway();
    await untilAnswered(page, 2);
    const answers = [LONG, "回答：断网时问的"];
    expect(await answersOf(page)).toEqual(answers);
    expect(strangeTexts(await seenTexts(page), answers)).toEqual([]);
    expect(await questionsOf(page)).toEqual(["慢慢讲", "断网时问的"]);
    expect(await banner.count()).toBe(0);
    expect(system.model.requests() - requests).toBe(2);
  },
);

onPhones(
  "the answer to a question's sending is lost: it is sent again, and asked once",
  async ({ open, system }) => {
    const { page, restart } = await open({ user: "unheard", url: CHAT });
    let isDeaf = false;
    let breakOff = () => {};
    await page.routeWebSocket(/trpc/, (socket) => {
      const gateway = socket.connectToServer();
      gateway.onMessage((message) => {
        if (!isDeaf) socket.send(message);
      });
      breakOff = () => {
        Promise.all([socket.close(), gateway.close()]).catch(() => undefined);
      };
    });
    await restart(CHAT);
    await askAndRead(page, "第一问");
    const requests = system.model.requests();
    isDeaf = true;
    await ask(page, "听到了吗");
    await until("the gateway has it", () => system.model.requests() > requests);
    isDeaf = false;
    breakOff();
    await untilAnswered(page, 2);
    expect(await questionsOf(page)).toEqual(["第一问", "听到了吗"]);
    expect(await answersOf(page)).toEqual(["回答：第一问", "回答：听到了吗"]);
    expect(system.model.requests() - requests).toBe(1);
  },
);

onPhones("a question that waits for the network outlives the app", async ({ open, system }) => {
  const phone = await open({ user: "closed" });
  const { page } = phone;
  const listed = page.getByRole("button", { name: "第一问" });
  await page.getByRole("button", { name: "开始提问" }).click();
  await askAndRead(page, "第一问");
  await page.getByRole("button", { name: "返回" }).click();
  await listed.click();
  const requests = system.model.requests();
  await system.gateway().kill9();
  await page.getByRole("alert").waitFor();
  await ask(page, "关掉前问的");
  await page.getByText("等待网络，连上后自动发送").waitFor();
  await phone.restart();
  await listed.click();
  await until("it is shown again", async () => (await questionsOf(page)).includes("关掉前问的"));
  await system.startGateway();
  await until("both answers", async () => (await answersOf(page)).at(-1) === "回答：关掉前问的");
  expect(await questionsOf(page)).toEqual(["第一问", "关掉前问的"]);
  expect(await answersOf(page)).toEqual(["回答：第一问", "回答：关掉前问的"]);
  expect(system.model.requests() - requests).toBe(1);
});

onPhones("the agent is away: says so, and the answer comes when it is back", async ({ open, system }) => {
  const { page } = await open({ user: "away", url: CHAT });
  await system.agent().stop();
  await page.getByText("智能体离线，问题会排队，恢复后自动回答").waitFor();
  await ask(page, "等你回来");
  await page.getByText("排队中，智能体离线，恢复后自动回答").waitFor();
  expect(await answersOf(page)).toEqual([""]);
  await system.startAgent();
  await untilAnswered(page);
  expect(await answersOf(page)).toEqual(["回答：等你回来"]);
  await page.getByText("智能体离线").waitFor({ state: "hidden" });
});

onPhones("the model fails: why, and another try", async ({ open }) => {
  const { page } = await open({ user: "failing", url: CHAT });
  await ask(page, "出错的");
  const failure = newestAnswer(page).getByRole("alert");
  await failure.waitFor();
  expect(await failure.innerText()).toMatch(/模型/);
  modelFails = false;
  await failure.getByRole("button", { name: "重试" }).click();
  await until("the answer", async () => (await answersOf(page)).join() === "回答：出错的");
  await untilAnswered(page);
  expect(await questionsOf(page)).toEqual(["出错的"]);
  expect(await failure.count()).toBe(0);
});
