import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ask } from "./ask.ts";
import { refused } from "./refused.ts";
import { startSystem, type System, type UserClient } from "./system.ts";

const CHINESE = /\p{Script=Han}/u;
let system: System;
let anna: UserClient;
let berta: UserClient;

beforeAll(async () => {
  system = await startSystem();
  anna = system.client(await system.signIn("anna"));
  berta = system.client(await system.signIn("berta"));
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

describe("what was said", () => {
  test("is listed by conversation, newest first, and only to its user", async () => {
    const carla = system.client(await system.signIn("carla"));
    expect(await carla.api.chat.conversations.query()).toEqual([]);
    const [first, second] = [await ask(carla, "第一个话题"), await ask(carla, "第二个话题")];
    const list = await carla.api.chat.conversations.query();
    expect(list.map(({ id, title }) => [id, title])).toEqual([
      [second.conversationId, "第二个话题"],
      [first.conversationId, "第一个话题"],
    ]);
    await ask(carla, "还是第一个", first.conversationId);
    expect((await carla.api.chat.conversations.query())[0]?.id).toBe(first.conversationId);
  });

  test("can be read page by page, back to the beginning", async () => {
    const { conversationId } = await ask(anna, "第 1 问");
    for (let n = 2; n <= 5; n++) await ask(anna, `第 ${n} 问`, conversationId);
    const questions: string[] = [];
    let before: string | undefined;
    let pages = 0;
    do {
      const page = await anna.api.chat.history.query({ conversationId, limit: 3, ...(before && { before }) });
      expect(page.messages.length).toBeLessThanOrEqual(3);
      questions.unshift(...page.messages.flatMap(({ role, text }) => (role === "user" ? [text] : [])));
      before = page.before;
      pages++;
    } while (before !== undefined && pages < 10);
    expect(pages).toBe(4);
    expect(questions).toEqual([1, 2, 3, 4, 5].map((n) => `第 ${n} 问`));
    const { messages } = await anna.api.chat.history.query({ conversationId });
    expect(messages).toHaveLength(10);
    expect(messages.every(({ status }) => status === "done")).toBe(true);
  });

  test("is refused to another user, and for a conversation that is not there", async () => {
    const { conversationId } = await ask(anna, "不给别人看");
    for (const id of [conversationId, "a1.none", "gone.c"]) {
      const refusal = await refused(berta.api.chat.history.query({ conversationId: id }));
      expect(refusal).toMatchObject({ code: "NOT_FOUND", reason: "not-found", message: "没有这个会话" });
    }
  });

  test.each([{ limit: 0 }, { limit: 101 }, { limit: 1.5 }, { before: "x" }])(
    "with %j: refused",
    async (wrong) => {
      const refusal = await refused(anna.api.chat.history.query({ conversationId: "a1.c", ...wrong }));
      expect(refusal.code).toBe("BAD_REQUEST");
    },
  );

  test("while the agent is away cannot be read, and the user learns it at once", async () => {
    const { conversationId } = await ask(anna, "等会儿再看");
    await system.agent().stop();
    try {
      const startedAt = performance.now();
      for (const call of [
        () => anna.api.chat.history.query({ conversationId }),
        () => anna.api.chat.conversations.query(),
      ]) {
        const refusal = await refused(call());
        expect(refusal).toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "agent-offline" });
        expect(refusal.message).toMatch(CHINESE);
      }
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      expect(await anna.api.agent.list.query()).toEqual([{ id: "a1", online: false }]);
    } finally {
      await system.startAgent();
    }
    expect((await anna.api.chat.history.query({ conversationId })).messages).toHaveLength(2);
  });
});
