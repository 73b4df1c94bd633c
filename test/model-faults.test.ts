import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  badGateway,
  contextOverflow,
  type Fault,
  htmlPage,
  noModelLoaded,
  serverError,
  unexpectedEndpoint,
} from "../dev/lm-studio-fault.ts";
import { isTerminal } from "../src/contract/reply-event.ts";
import { type Asked, ask } from "./ask.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";

const ANSWER = "这是完整的回答，一个字也不少。";
/** What goes wrong at each try of a question, from the first; after that, nothing. */
const faults = new Map<string, readonly Fault[]>();
const tries = new Map<string, number>();
let system: System;
let client: UserClient;

beforeAll(async () => {
  system = await startSystem({
    model: {
      contextTokens: 300,
      reply: (messages) => (messages.at(-1)?.content === "说很长" ? "很长。".repeat(400) : ANSWER),
      fault(_number, messages) {
        const question = messages.at(-1)?.content ?? "";
        const already = tries.get(question) ?? 0;
        tries.set(question, already + 1);
        return faults.get(question)?.[already];
      },
    },
  });
  client = system.client(await system.signIn("user"));
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

async function askWith(question: string, goesWrong: readonly Fault[]): Promise<Asked> {
  faults.set(question, goesWrong);
  const asked = await ask(client, question);
  expect(asked.events.filter(isTerminal)).toHaveLength(1);
  return asked;
}

const cut: Fault = { t: "cut", afterTokens: 4 };
const mended: [string, readonly Fault[]][] = [
  ["a connection that is closed without an answer", [{ t: "reset" }]],
  ["a proxy without its server", [badGateway, badGateway]],
  ["an answer that breaks off", [cut]],
  ["an answer that breaks off inside a character", [{ t: "cut", afterTokens: 4, inCharacter: true }]],
  ["an answer that breaks off three times", [cut, { t: "cut", afterTokens: 0 }, cut]],
];

test.each(mended)("%s: the answer is begun again, and whole", async (question, goesWrong) => {
  const { end, text, events } = await askWith(question, goesWrong);
  expect(end).toMatchObject({ t: "done", text: ANSWER });
  expect(text).toBe(ANSWER);
  expect(JSON.stringify(events)).not.toContain("\uFFFD");
});

const failing: [string, Fault, string][] = [
  ["HTTP 500", serverError, "model-error"],
  ["a page instead of an answer", htmlPage, "model-error"],
  ["an endpoint that the server does not know", unexpectedEndpoint, "model-error"],
  [
    "an error in the stream, named",
    { t: "error-event", afterTokens: 3, named: true, message: "boom" },
    "model-error",
  ],
  [
    "an error in the stream",
    { t: "error-event", afterTokens: 3, named: false, message: "boom" },
    "model-error",
  ],
  ["a stream without a word", { t: "empty" }, "empty-answer"],
  ["nonsense in the stream", { t: "raw", pieces: ["data: {]\n\n"] }, "model-error"],
  ["a prompt longer than the context", contextOverflow, "too-long"],
  ["a model that cannot be loaded", noModelLoaded, "model-error"],
];

test.each(failing)("%s: failed, with a reason in Chinese", async (question, fault, code) => {
  const { end } = await askWith(question, [fault]);
  if (end?.t !== "failed") throw new Error(`ended with ${JSON.stringify(end)}`);
  expect(end.code).toBe(code as typeof end.code);
  expect(end.message).toMatch(/\p{Script=Han}{4}/u);
  expect(tries.get(question)).toBe(1);
});

test("an answer that always breaks off fails in the end", async () => {
  const { end } = await askWith(
    "总是断",
    Array.from({ length: 50 }, () => cut),
  );
  expect(end).toMatchObject({ t: "failed", code: "model-error" });
  expect(tries.get("总是断")).toBeLessThanOrEqual(10);
}, 20_000);

test("the end of a stream without [DONE] is an end all the same", async () => {
  const { end } = await askWith("没有 DONE", [{ t: "no-done", finish: true }]);
  expect(end).toMatchObject({ t: "done", text: ANSWER });
});

test("a message longer than the context is told apart", async () => {
  const { end } = await askWith("长".repeat(800), []);
  expect(end).toMatchObject({ t: "failed", code: "too-long" });
});

test("an answer that fills the context is cut, and says so", async () => {
  const { end, text } = await askWith("说很长", []);
  if (end?.t !== "done") throw new Error(`ended with ${JSON.stringify(end)}`);
  expect(end.text).toBe(text);
  expect(end.text).toStartWith("很长。很长。");
  expect(end.text).toContain("截断");
});

test("silence can be ended by hand, and the next question is answered", async () => {
  faults.set("没有声音", [{ t: "silent" }]);
  const member = "hears-nothing";
  await system.wecom.sendText(member, "没有声音");
  await until("the model is at work", () => system.model.running() > 0);
  await system.wecom.sendText(member, "/cancel");
  await until("the model is free", () => system.model.running() === 0);
  await system.wecom.sendText(member, "现在呢");
  await until("the answer", () => system.wecomApi.list(member).some(({ content }) => content === ANSWER));
});

test("what failed is told in WeCom, with what had come", async () => {
  const question = "断在半路";
  faults.set(question, [{ t: "error-event", afterTokens: 3, named: true, message: "boom" }]);
  await system.wecom.sendText("half", question);
  await until("the answer", () => system.wecomApi.list("half").length > 0);
  const [message] = system.wecomApi.list("half");
  expect(message?.content).toContain(ANSWER.slice(0, 3));
  expect(message?.content).toContain("没能完成回答");
});

test("what failed stays in the history, and does not go to the model again", async () => {
  const { conversationId } = await askWith("会失败的", [serverError]);
  const again = await ask(client, "再来", conversationId);
  expect(again.end).toMatchObject({ t: "done" });
  const { messages } = await client.api.chat.history.query({ conversationId });
  expect(messages.map(({ status }) => status)).toEqual(["done", "failed", "done", "done"]);
});
