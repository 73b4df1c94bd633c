import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Message } from "../dev/lm-studio-answer.ts";
import { ask } from "./ask.ts";
import { refused } from "./refused.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { type WatchedFeed, watchFeed } from "./watched-feed.ts";
import { type WatchedJob, watchJob } from "./watched-job.ts";

const SLOW = "慢慢说";
const MARKDOWN = "## 结论\n\n- **一** 与 `二`\n\n| 列 | 值 |\n| --- | --- |\n| 甲 | 1 |\n";
/** Everything that the model was asked. */
const prompts: (readonly Message[])[] = [];
const lastPrompt = () => (prompts.at(-1) ?? []).map(({ content }) => content).slice(1);
let system: System;
let anna: UserClient;
let berta: UserClient;

beforeAll(async () => {
  system = await startSystem({
    model: {
      tokensPerSecond: 300,
      reply(messages) {
        prompts.push(messages);
        const question = messages.at(-1)?.content ?? "";
        if (question === "想一想") return { reasoning: "先列要点，再作答。", content: MARKDOWN };
        return question.startsWith(SLOW) ? "慢".repeat(6_000) : `${question}：好的。`;
      },
      fault: (_number, messages) =>
        messages.at(-1)?.content === "出错"
          ? { t: "status", status: 400, contentType: "application/json", body: '{"error":"bad request"}' }
          : undefined,
    },
  });
  anna = system.client(await system.signIn("anna"));
  berta = system.client(await system.signIn("berta"));
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

const send = (
  client: UserClient,
  text: string,
  change: { conversationId?: string; replaces?: string } = {},
) => client.api.chat.send.mutate({ text, idempotencyKey: crypto.randomUUID(), ...change });
const history = async ({ api }: UserClient, conversationId: string) =>
  (await api.chat.history.query({ conversationId })).messages;
const texts = async (client: UserClient, conversationId: string) =>
  (await history(client, conversationId)).map(({ text }) => text);
const speaks = (job: WatchedJob) => until("the answer to have begun", () => job.text() !== "");
/** What a feed told about conversations, jobs and the user apart. */
const told = ({ events }: WatchedFeed) =>
  events.filter(({ t }) => t === "conversation" || t === "conversation-deleted");

describe("job.cancel", () => {
  test("ends an answer that is being made; what was said until then stays", async () => {
    const { jobId, conversationId } = await send(anna, SLOW);
    const job = watchJob(anna, jobId);
    await speaks(job);
    expect(await refused(berta.api.job.cancel.mutate({ jobId }))).toMatchObject({ reason: "not-found" });
    expect(await anna.api.job.cancel.mutate({ jobId })).toBe("cancelling");
    await job.completed;
    expect(job.end()?.t).toBe("cancelled");
    const [, answer] = await history(anna, conversationId);
    expect(answer).toMatchObject({ status: "cancelled", text: job.text() });
    expect(await anna.api.job.cancel.mutate({ jobId })).toBe("cancelled");
    expect(await refused(anna.api.job.cancel.mutate({ jobId: "a1.nosuch" }))).toMatchObject({
      code: "NOT_FOUND",
    });
    await until("the model server to have let go", () => system.model.running() === 0);
  });

  test("of one that has ended: says how", async () => {
    const { jobId } = await ask(anna, "早就答完了");
    expect(await anna.api.job.cancel.mutate({ jobId })).toBe("done");
  });
});

describe("what is kept of an answer", () => {
  test("its Markdown and thoughts, which the model is not told again", async () => {
    const asked = await ask(anna, "想一想");
    expect(asked.text).toBe(MARKDOWN);
    const [question, answer] = await history(anna, asked.conversationId);
    expect(question).not.toHaveProperty("reasoning");
    expect(answer).toMatchObject({ text: MARKDOWN, reasoning: "先列要点，再作答。" });
    await ask(anna, "然后呢", asked.conversationId);
    expect(lastPrompt()).toEqual(["想一想", MARKDOWN, "然后呢"]);
  });

  test("why it has failed", async () => {
    const { conversationId, end } = await ask(anna, "出错");
    if (end?.t !== "failed") throw new Error(`it ended with ${end?.t}`);
    const [, answer] = await history(anna, conversationId);
    expect(answer?.failure).toEqual({ code: end.code, message: end.message });
  });
});

describe("a message that replaces a turn", () => {
  test("takes the place of the last one, for the user and for the model; sent again it is the same", async () => {
    const first = await ask(anna, "第一问");
    const { conversationId } = first;
    const second = await ask(anna, "第二问", conversationId);
    const message = {
      text: "第二问，改过",
      conversationId,
      replaces: second.jobId,
      idempotencyKey: crypto.randomUUID(),
    };
    const sent = await anna.api.chat.send.mutate(message);
    await watchJob(anna, sent.jobId).completed;
    expect(await anna.api.chat.send.mutate(message)).toEqual(sent);
    const now = ["第一问", "第一问：好的。", "第二问，改过", "第二问，改过：好的。"];
    expect(await texts(anna, conversationId)).toEqual(now);
    expect(lastPrompt()).toEqual(["第一问", "第一问：好的。", "第二问，改过"]);

    // Not the last one: it stays.
    const third = await send(anna, "第三问", { conversationId, replaces: first.jobId });
    await watchJob(anna, third.jobId).completed;
    expect(await texts(anna, conversationId)).toEqual([...now, "第三问", "第三问：好的。"]);
  });

  test("follows at once upon the cancelling of that turn", async () => {
    const { jobId, conversationId } = await send(anna, `${SLOW}，旧`);
    await speaks(watchJob(anna, jobId));
    // Its end is not waited for.
    await anna.api.job.cancel.mutate({ jobId });
    const anew = await send(anna, "快一点", { conversationId, replaces: jobId });
    await watchJob(anna, anew.jobId).completed;
    expect(await texts(anna, conversationId)).toEqual(["快一点", "快一点：好的。"]);
  });
});

describe("a conversation", () => {
  test("is renamed on all devices, also on one that was away; by nobody else, and to no empty title", async () => {
    const tablet = system.client(await system.signIn("anna"));
    const { conversationId: id } = await ask(anna, "要改名的");
    const feeds = [await watchFeed(anna), await watchFeed(tablet)] as const;
    await until("ready", () => feeds.every(({ ids }) => ids.length > 0));
    const away = feeds[1].ids.at(-1) ?? "";
    feeds[1].stop();

    await anna.api.chat.rename.mutate({ conversationId: id, title: "  新名字 " });
    const back = await watchFeed(tablet, away);
    for (const feed of [feeds[0], back]) {
      await until("the new title", () => told(feed).length === 1);
      expect(told(feed)).toEqual([{ t: "conversation", id, title: "新名字" }]);
      feed.stop();
    }
    const titles = async () => (await tablet.api.chat.conversations.query()).map(({ title }) => title);
    expect((await titles())[0]).toBe("新名字");
    await ask(tablet, "接着说", id);
    expect((await titles())[0]).toBe("新名字");

    const { rename } = berta.api.chat;
    expect(await refused(rename.mutate({ conversationId: id, title: "别人的" }))).toMatchObject({
      reason: "not-found",
      message: "没有这个会话",
    });
    for (const title of ["  ", "长".repeat(41)])
      expect((await refused(anna.api.chat.rename.mutate({ conversationId: id, title }))).code).toBe(
        "BAD_REQUEST",
      );
    expect((await titles())[0]).toBe("新名字");
  });

  test("is deleted on all devices; what runs in it ends, and it is not there any more", async () => {
    const { conversationId } = await ask(anna, "要删除的");
    const running = await send(anna, SLOW, { conversationId });
    const waiting = await send(anna, "还在排队", { conversationId });
    const jobs = [watchJob(anna, running.jobId), watchJob(anna, waiting.jobId)];
    await speaks(jobs[0] as WatchedJob);
    const feed = await watchFeed(anna);

    // Of somebody else's nothing happens, and nothing is told.
    await berta.api.chat.delete.mutate({ conversationId });
    expect(await history(anna, conversationId)).toHaveLength(6);

    await anna.api.chat.delete.mutate({ conversationId });
    for (const job of jobs) {
      await job.completed;
      expect(job.end()?.t).toBe("cancelled");
    }
    await until("it to be told", () => told(feed).length === 1);
    expect(told(feed)).toEqual([{ t: "conversation-deleted", id: conversationId }]);
    feed.stop();
    expect(await refused(history(anna, conversationId))).toMatchObject({ reason: "not-found" });
    const list = await anna.api.chat.conversations.query();
    expect(list.map(({ id }) => id)).not.toContain(conversationId);
    await anna.api.chat.delete.mutate({ conversationId });

    // Somebody else cannot have it; its owner begins it anew.
    expect((await ask(berta, "归我了", conversationId)).end).toMatchObject({ code: "not-found" });
    await ask(anna, "重新开始", conversationId);
    expect(lastPrompt()).toEqual(["重新开始"]);
    expect(await texts(anna, conversationId)).toEqual(["重新开始", "重新开始：好的。"]);
  });

  test("stays as it is while its agent is away, and who asks learns why", async () => {
    const { conversationId } = await ask(anna, "先别动");
    await system.agent().stop();
    try {
      for (const call of [
        anna.api.chat.rename.mutate({ conversationId, title: "动了" }),
        anna.api.chat.delete.mutate({ conversationId }),
      ])
        expect(await refused(call)).toMatchObject({ reason: "agent-offline" });
    } finally {
      await system.startAgent();
    }
    expect((await anna.api.chat.conversations.query())[0]).toMatchObject({ title: "先别动" });
  }, 30_000);
});

describe("a WeCom member in the mini-program", () => {
  const answersTo = (member: string) => system.wecomApi.list(member).map(({ content }) => content);
  async function askInWecom(member: string, text: string): Promise<void> {
    await system.wecom.sendText(member, text);
    await until("the answer in WeCom", () => answersTo(member).some((answer) => answer.includes(text)));
  }

  test("finds what they said in WeCom; who deletes it there just goes on in a new one", async () => {
    await askInWecom("zhaoliu", "企业微信里的话");
    const { token, user } = await system
      .client("")
      .api.auth.wecomLogin.mutate({ code: "member-zhaoliu", deviceName: "企业微信" });
    const phone = system.client(token);
    expect(await phone.api.me.get.query()).toEqual(user);
    const [current, ...others] = await phone.api.chat.conversations.query();
    expect([current?.title, others.length]).toEqual(["企业微信里的话", 0]);

    await phone.api.chat.delete.mutate({ conversationId: current?.id ?? "" });
    await askInWecom("zhaoliu", "删掉之后的话");
    expect(lastPrompt()).toEqual(["删掉之后的话"]);
    const [next, ...more] = await phone.api.chat.conversations.query();
    expect([next?.title, more.length]).toEqual(["删掉之后的话", 0]);
    expect(await texts(phone, next?.id ?? "")).toHaveLength(2);
  });

  test("is refused with the code of another corp's member, or of WeChat", async () => {
    const { wecomLogin } = system.client("").api.auth;
    for (const code of ["stranger-zhaoliu", "user-anna"])
      expect(await refused(wecomLogin.mutate({ code }))).toMatchObject({ reason: "sign-in-refused" });
  });
});

test("name, avatar and chosen agent are on all devices, and each hears that they have changed", async () => {
  const tablet = system.client(await system.signIn("anna"));
  const feed = await watchFeed(tablet);
  const changes = () => feed.events.filter(({ t }) => t === "user").length;
  const avatar = `data:image/jpeg;base64,${"A".repeat(40_000)}`;
  expect(await anna.api.me.setProfile.mutate({ name: " 安娜 ", avatar })).toMatchObject({ name: "安娜" });
  await until("the first change", () => changes() === 1);
  expect(await tablet.api.me.get.query()).toMatchObject({ name: "安娜", avatar });
  await anna.api.me.setAgent.mutate({ agentId: "a1" });
  await until("the second change", () => changes() === 2);
  feed.stop();
  for (const wrong of [
    { name: " " },
    { name: "长".repeat(25) },
    { avatar: "https://example.com/a.png" },
    { avatar: "data:image/svg+xml;base64,AAAA" },
    { avatar: `data:image/png;base64,${"A".repeat(100_000)}` },
  ])
    expect((await refused(anna.api.me.setProfile.mutate(wrong))).code).toBe("BAD_REQUEST");
  expect(await anna.api.me.get.query()).toMatchObject({ name: "安娜", avatar });
});
