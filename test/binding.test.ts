import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ask } from "./ask.ts";
import { refused } from "./refused.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { watchFeed } from "./watched-feed.ts";
import { watchJob } from "./watched-job.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem({ model: { tokensPerSecond: 2_000 } });
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

const key = () => crypto.randomUUID();
const told = (member: string) => system.wecomApi.list(member).map(({ content }) => content);
const client = async (name: string) => system.client(await system.signIn(name));

/** The code that a member is given in answer to `/bind`. */
async function codeFor(member: string): Promise<string> {
  const before = told(member).length;
  await system.wecom.sendText(member, "/bind");
  const codes = () =>
    told(member)
      .slice(before)
      .flatMap((text) => /\b\d{6}\b/.exec(text) ?? []);
  await until("the code", () => codes().length === 1);
  return codes()[0] ?? "";
}
/** Has a member ask something; resolves when the answer is there. */
async function askInWecom(member: string, text: string): Promise<void> {
  const isAnswered = () => told(member).some((answer) => answer.includes(text));
  await system.wecom.sendText(member, text);
  await until("the answer in WeCom", isAnswered);
}
const conversationsOf = async ({ api }: UserClient) =>
  (await api.chat.conversations.query()).map(({ id }) => id);

describe("a member and a mini-program user who have bound their accounts", () => {
  test("are one person on all devices: conversations, tasks, jobs and feed", async () => {
    const [phone, tablet] = [await client("zhang"), await client("zhang")];
    await askInWecom("zhang", "在企业微信里问的");
    const asked = await ask(phone, "在手机上问的");
    const task = await phone.api.task.create.mutate({ prompt: "写一份报告", idempotencyKey: key() });
    const before = await phone.api.me.get.query();
    expect(before.bound).toBe(false);
    const feed = await watchFeed(tablet);

    const person = await phone.api.me.bind.mutate({ code: await codeFor("zhang") });
    expect(person).toMatchObject({ bound: true });
    expect(person.id).not.toBe(before.id);
    for (const { api } of [phone, tablet, await client("zhang")]) {
      expect((await api.me.get.query()).id).toBe(person.id);
      expect(await api.me.devices.query()).toHaveLength(3);
    }
    await until("both conversations", async () => (await conversationsOf(phone)).length === 2);
    const { conversationId, jobId } = asked;
    const { messages } = await tablet.api.chat.history.query({ conversationId });
    expect(messages.map(({ text }) => text)).toEqual(["在手机上问的", asked.text]);
    const again = watchJob(tablet, jobId);
    await again.completed;
    expect(again.events).toEqual(asked.events);
    expect((await ask(phone, "接着问", conversationId)).end?.t).toBe("done");
    expect((await tablet.api.task.list.query()).tasks.map(({ id }) => id)).toEqual([task.id]);

    // The tablet, which only listens, hears by itself what its person does in WeCom.
    await askInWecom("zhang", "绑定之后问的");
    await until("the job of WeCom in the feed", () =>
      feed.events.some((event) => event.t === "job" && event.job.preview === "绑定之后问的"),
    );
    feed.stop();
  }, 30_000);

  test("are one also to an agent that was away", async () => {
    const phone = await client("li");
    const conversation = (await ask(phone, "它还在")).conversationId;
    await askInWecom("li", "你在吗");
    await system.agent().stop();
    const sent = await phone.api.chat.send.mutate({ text: "等它回来", idempotencyKey: key() });
    const task = await phone.api.task.create.mutate({ prompt: "等它回来再做", idempotencyKey: key() });
    await phone.api.me.bind.mutate({ code: await codeFor("li") });
    const more = await phone.api.chat.send.mutate({
      text: "绑定之后",
      idempotencyKey: key(),
      conversationId: conversation,
    });
    const jobs = [watchJob(phone, sent.jobId), watchJob(phone, more.jobId)];
    await system.startAgent();
    for (const job of jobs) {
      await job.completed;
      expect(job.end()?.t).toBe("done");
    }
    await until("the task", async () => {
      const [found] = (await phone.api.task.list.query()).tasks;
      return found?.id === task.id && found.status === "done";
    });
    expect(await conversationsOf(phone)).toContain(conversation);
    expect(await conversationsOf(phone)).toContain(sent.conversationId);
    expect(await conversationsOf(phone)).toHaveLength(3);
  }, 30_000);
});

test("a gateway that is killed while it joins finishes that when it is back", async () => {
  const phone = await client("wang");
  const { conversationId } = await ask(phone, "先问一句");
  await askInWecom("wang", "也问一句");
  const code = await codeFor("wang");
  const bound = phone.api.me.bind.mutate({ code }).then(
    () => "bound",
    () => "broken off",
  );
  await system.gateway().kill9();
  await bound;
  await system.startGateway();
  const person = await phone.api.me.bind.mutate({ code });
  expect(person.bound).toBe(true);
  // To be answered it takes an agent that is connected again.
  expect((await ask(phone, "接着问", conversationId)).end?.t).toBe("done");
  const conversations = await conversationsOf(phone);
  expect(conversations).toHaveLength(2);
  expect(conversations).toContain(conversationId);
}, 30_000);

test("guessing a code: five wrong ones, then not even the right one for a while", async () => {
  const { api } = await client("guesser");
  const code = await codeFor("chen");
  for (let n = 1; n <= 5; n++) {
    const guess = String((Number(code) + n) % 1_000_000).padStart(6, "0");
    const refusal = await refused(api.me.bind.mutate({ code: guess }));
    expect(refusal).toMatchObject({ code: "BAD_REQUEST", reason: "code-refused" });
    expect(refusal.message).toMatch(/\p{Script=Han}/u);
  }
  expect(await refused(api.me.bind.mutate({ code }))).toMatchObject({
    code: "TOO_MANY_REQUESTS",
    reason: "code-locked",
  });
  expect((await refused(api.me.bind.mutate({ code: "12345" }))).message).toContain("6 位数字");
  expect((await api.me.get.query()).bound).toBe(false);
});
