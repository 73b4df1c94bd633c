import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Message } from "../dev/lm-studio-answer.ts";
import type { Fault } from "../dev/lm-studio-fault.ts";
import { openCallbackSender } from "../dev/wecom-callback.ts";
import { TEXTS } from "../src/gateway/wecom/texts.ts";
import { whileFrozen } from "./frozen.ts";
import { CORP, startSystem, type System, until } from "./system.ts";

/** What the model says to a question; to any other, the question itself. */
const answers = new Map<string, string>();
const faults = new Map<string, Fault>();
/** Everything that the model was asked. */
const prompts: Message[][] = [];
let system: System;

const question = (messages: readonly Message[]) => messages.at(-1)?.content ?? "";
const timesAsked = (text: string) => prompts.filter((messages) => question(messages) === text).length;

beforeAll(async () => {
  system = await startSystem({
    model: {
      reply: (messages) => answers.get(question(messages)) ?? `回答：${question(messages)}`,
      fault(_number, messages) {
        prompts.push([...messages]);
        return faults.get(question(messages));
      },
    },
  });
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

/** What a member has got, without the marks that make repeated texts distinct. */
const got = (member: string) =>
  system.wecomApi.list(member).map(({ content }) => content.replaceAll(/[\u200B\u200C]/g, ""));

async function untilGot(member: string, ...texts: string[]): Promise<void> {
  await until(`${member} gets ${texts.length} messages`, () => got(member).length >= texts.length);
  expect(got(member)).toEqual(texts);
}

async function send(member: string, text: string, msgId?: string): Promise<void> {
  const { delivered } = await system.wecom.sendText(member, text, msgId === undefined ? {} : { msgId });
  expect(delivered).toBe(true);
}

describe("a question", () => {
  test("WeCom's check of the URL", async () => {
    expect(await system.wecom.verifyUrl()).toMatchObject({ ok: true, status: 200 });
  });

  test("gets one answer, and no notice before it", async () => {
    await send("one", "第一个问题");
    await untilGot("one", "回答：第一个问题");
  });

  test("delivered three times, one after the other, is answered once", async () => {
    for (let i = 0; i < 3; i++) await send("repeated", "问一次", "880000000000000001");
    // What comes after it in the same conversation is answered after it: no second answer can still be on its way.
    await send("repeated", "再问");
    await untilGot("repeated", "回答：问一次", "回答：再问");
    expect(timesAsked("问一次")).toBe(1);
  });

  test("delivered three times at once is answered once", async () => {
    await Promise.all([1, 2, 3].map(() => send("at-once", "同时问", "880000000000000002")));
    await send("at-once", "后来问");
    await untilGot("at-once", "回答：同时问", "回答：后来问");
    expect(timesAsked("同时问")).toBe(1);
  });

  test("that the gateway was too slow to acknowledge comes again and is answered once", async () => {
    const impatient = openCallbackSender({
      ...CORP,
      callbackUrl: `${system.gatewayUrl}/wecom`,
      answerTimeoutMs: 300,
      retryDelayMs: 10,
    });
    const timedOut = Promise.withResolvers<void>();
    // Sent only once the gateway is frozen: it might answer before.
    const sending = await whileFrozen(system.gateway(), async () => {
      const delivery = impatient.sendText("slow", "没等到回执", { onRetry: () => timedOut.resolve() });
      await timedOut.promise;
      return { delivery };
    });
    const { delivered, tries } = await sending.delivery;
    expect(delivered).toBe(true);
    // On a busy machine more than one may be.
    expect([tries[0], tries.at(-1)]).toEqual(["timeout", 200]);
    await send("slow", "下一个");
    await untilGot("slow", "回答：没等到回执", "回答：下一个");
    expect(timesAsked("没等到回执")).toBe(1);
  });

  test("with a long answer gets it whole, in order, in pieces that WeCom does not cut", async () => {
    const sentences = Array.from(
      { length: 200 },
      (_, i) => `这是第${i + 1}句话，它有一点长，说的是同一件事。`,
    );
    answers.set("说长一点", sentences.join(""));
    await send("long", "说长一点");
    await until("the whole answer", () => got("long").join("") === sentences.join(""));
    const pieces = system.wecomApi.list("long");
    expect(pieces.length).toBeGreaterThan(4);
    expect(pieces.filter(({ cut }) => cut)).toEqual([]);
  });

  test("with a long answer of many paragraphs loses nothing but blank lines between the pieces", async () => {
    const paragraphs = Array.from({ length: 60 }, (_, i) => `${i + 1}、${"段落的内容🙂。".repeat(9)}`);
    answers.set("分段说", paragraphs.join("\n\n"));
    await send("paragraphs", "分段说");
    await until("the last paragraph", () => got("paragraphs").join("").includes("60、"));
    const pieces = system.wecomApi.list("paragraphs");
    expect(pieces.filter(({ cut }) => cut)).toEqual([]);
    expect(got("paragraphs").join("\n\n")).toBe(paragraphs.join("\n\n"));
  });
});

describe("what is no question", () => {
  test.each([
    ["image", "图片"],
    ["voice", "语音"],
    ["file", "文件"],
  ])("%s: a kind answer", async (type, name) => {
    const delivery = await system.wecom.sendMessage(`sends-${type}`, type, { MediaId: "media" });
    expect(delivery.delivered).toBe(true);
    await untilGot(`sends-${type}`, TEXTS.unsupported(name));
  });

  test("a member who opens the app is welcomed the first time", async () => {
    const now = Math.floor(Date.now() / 1_000);
    for (const createTime of [now - 60, now - 60, now - 30, now]) {
      await system.wecom.sendEvent("newcomer", "enter_agent", {}, { createTime });
    }
    await send("newcomer", "/help");
    await untilGot("newcomer", TEXTS.welcome, TEXTS.help);
  });

  test("commands", async () => {
    await send("commander", "/help");
    await send("commander", "／帮助");
    await send("commander", "/cancel");
    await send("commander", "/删除");
    await until("four answers", () => got("commander").length >= 4);
    expect(got("commander")).toEqual([
      TEXTS.help,
      TEXTS.help,
      TEXTS.nothingToCancel,
      TEXTS.unknownCommand("/删除"),
    ]);
    await send("commander", "/status");
    await until("the status", () => got("commander").length >= 5);
    const status = got("commander").at(-1);
    for (const part of ["智能体 a1：在线", "模型：stand-in-model", "你的任务：0 个进行中，0 个等待中"])
      expect(status).toContain(part);
  });
});

describe("a conversation", () => {
  const earlier = (text: string) =>
    prompts
      .findLast((messages) => question(messages) === text)
      ?.slice(1, -1)
      .map(({ content }) => content);

  test("is remembered, until /new", async () => {
    await send("talker", "我叫小明");
    await send("talker", "我叫什么？");
    await untilGot("talker", "回答：我叫小明", "回答：我叫什么？");
    expect(earlier("我叫什么？")).toEqual(["我叫小明", "回答：我叫小明"]);
    await send("talker", "/new");
    await send("talker", "现在呢？");
    await until("the answer", () => got("talker").length >= 4);
    expect(got("talker").slice(2)).toEqual([TEXTS.newConversation, "回答：现在呢？"]);
    expect(earlier("现在呢？")).toEqual([]);
    await send("talker", "还有呢？");
    await until("the answer", () => got("talker").length >= 5);
    expect(earlier("还有呢？")).toEqual(["现在呢？", "回答：现在呢？"]);
  });

  test("of one member is not that of another", async () => {
    await send("alice", "甲的秘密");
    await untilGot("alice", "回答：甲的秘密");
    await send("bob", "乙的问题");
    await untilGot("bob", "回答：乙的问题");
    expect(earlier("乙的问题")).toEqual([]);
  });
});

describe("/cancel", () => {
  /** Asks until it does: the model may be at work before the gateway has heard of that. */
  const untilStatusSays = (member: string, words: string) =>
    until(`${member}'s status says ${words}`, async () => {
      const { length } = got(member);
      await send(member, "/status");
      await until("a status", () => got(member).length > length);
      return got(member)
        .slice(length)
        .some((text) => text.includes(words));
    });

  test("of an answer in the making ends the model's work", async () => {
    faults.set("说个没完", { t: "stall", afterTokens: 3 });
    await send("stopper", "说个没完");
    await until("the model is at work", () => system.model.running() === 1);
    await untilStatusSays("stopper", "你的回答：1 个进行中");
    const before = got("stopper").length;
    await send("stopper", "/cancel");
    await until("the end of the model's work", () => system.model.running() === 0);
    await until("both notices", () => got("stopper").length >= before + 2);
    await send("stopper", "好了吗");
    await until("the next answer", () => got("stopper").length >= before + 3);
    const answer = "对「说个没完」的回答";
    expect(got("stopper").slice(before)).toEqual([
      TEXTS.cancelling(answer),
      TEXTS.cancelled(answer),
      "回答：好了吗",
    ]);
    expect(timesAsked("说个没完")).toBe(1);
  });

  test("of an answer leaves a task alone that was handed over after it; the next one is for the task", async () => {
    const stalls = { t: "stall", afterTokens: 3 } as const;
    faults.set("问一件长事", stalls);
    faults.set("做一件长事", stalls);
    await send("both", "问一件长事");
    await send("both", "/task 做一件长事");
    await until("the model is at work on both", () => system.model.running() === 2);
    await untilStatusSays("both", "你的回答：1 个进行中，0 个等待中\n你的任务：1 个进行中");
    const told = () => got("both").filter((text) => text.includes("取消") && !text.startsWith("{"));
    const [answer, task] = ["对「问一件长事」的回答", "任务 1「做一件长事」"];
    await send("both", "/cancel");
    await until("the end of the answer", () => told().length >= 2);
    expect(told()).toEqual([TEXTS.cancelling(answer), TEXTS.cancelled(answer)]);
    expect(system.model.running()).toBe(1);
    await send("both", "/cancel");
    await until("the end of the task", () => told().length >= 4);
    expect(told()[2]).toBe(TEXTS.cancelling(task));
    expect(told()[3]).toEndWith(TEXTS.cancelled(task));
    expect(system.model.running()).toBe(0);
  });

  test("of a question that waits for the agent: the model never hears of it", async () => {
    await system.agent().stop();
    try {
      await send("waiting", "这个要回答");
      await untilGot("waiting", TEXTS.queuedOffline);
      await send("waiting", "这个不要了");
      await until("the second notice", () => got("waiting").length >= 2);
      await send("waiting", "/cancel");
      await until("the end", () => got("waiting").length >= 3);
      await send("waiting", "/status");
      await until("the status", () => got("waiting").some((text) => text.includes("不在线，消息会排队")));
      const answer = "对「这个不要了」的回答";
      expect(got("waiting").filter((text) => text === TEXTS.cancelled(answer))).toHaveLength(1);
    } finally {
      await system.startAgent();
    }
    await until("the answer", () => got("waiting").includes("回答：这个要回答"));
    await send("waiting", "都好了吗");
    await until("the next answer", () => got("waiting").includes("回答：都好了吗"));
    expect(timesAsked("这个要回答")).toBe(1);
    expect(timesAsked("这个不要了")).toBe(0);
    expect(earlierQuestions("都好了吗")).toEqual(["这个要回答"]);
  });

  function earlierQuestions(text: string): string[] {
    const asked = prompts.findLast((messages) => question(messages) === text) ?? [];
    return asked.slice(0, -1).flatMap(({ role, content }) => (role === "user" ? [content] : []));
  }
});
