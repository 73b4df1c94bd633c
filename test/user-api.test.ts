import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Message } from "../dev/lm-studio-answer.ts";
import { MAX_TEXT_CHARS } from "../src/contract/job.ts";
import type { ReplyEvent } from "../src/contract/reply-event.ts";
import { ask } from "./ask.ts";
import { refused, refusedSubscription } from "./refused.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { type WatchedFeed, watchFeed } from "./watched-feed.ts";
import { watchJob } from "./watched-job.ts";

/** Everything that the model was asked. */
const prompts: (readonly Message[])[] = [];
let system: System;
let anna: UserClient;
let berta: UserClient;

beforeAll(async () => {
  system = await startSystem({
    model: {
      tokensPerSecond: 400,
      reply(messages) {
        prompts.push(messages);
        return `${messages.at(-1)?.content ?? ""}：${"一二三四五六七八九十。".repeat(12)}`;
      },
    },
  });
  anna = system.client(await system.signIn("anna"));
  berta = system.client(await system.signIn("berta"));
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

const key = () => crypto.randomUUID();

describe("chat.send", () => {
  test("of the same message again makes one job, also at the same time", async () => {
    const message = { text: "只问一次", idempotencyKey: key() };
    const first = await anna.api.chat.send.mutate(message);
    const others = await Promise.all([1, 2, 3, 4].map(() => anna.api.chat.send.mutate(message)));
    for (const other of others) expect(other).toEqual(first);
    await watchJob(anna, first.jobId).completed;
    expect(await anna.api.chat.send.mutate(message)).toEqual(first);
    await ask(anna, "之后", first.conversationId);
    expect(prompts.filter((messages) => messages.at(-1)?.content === "只问一次")).toHaveLength(1);
  });

  test("at the same time, the first time too, makes one job", async () => {
    const message = { text: "一起问", idempotencyKey: key() };
    const sent = await Promise.all([1, 2, 3, 4].map(() => anna.api.chat.send.mutate(message)));
    expect(new Set(sent.map(({ jobId }) => jobId)).size).toBe(1);
    const { jobId = "", conversationId = "" } = sent[0] ?? {};
    await watchJob(anna, jobId).completed;
    const { messages } = await anna.api.chat.history.query({ conversationId });
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
  });

  test("with another's key is another job", async () => {
    const message = { text: "同一个键", idempotencyKey: key() };
    const [a, b] = [await anna.api.chat.send.mutate(message), await berta.api.chat.send.mutate(message)];
    expect(a.jobId).not.toBe(b.jobId);
    await Promise.all([watchJob(anna, a.jobId).completed, watchJob(berta, b.jobId).completed]);
  });

  test.each([
    ["nothing", { text: "", idempotencyKey: "k" }, "消息不能为空"],
    ["only blanks", { text: " \n\t　", idempotencyKey: "k" }, "消息不能为空"],
    ["too much", { text: "长".repeat(MAX_TEXT_CHARS + 1), idempotencyKey: "k" }, "消息太长"],
    ["an empty key", { text: "好", idempotencyKey: "" }, "幂等键不能为空"],
    ["no conversation id", { text: "好", idempotencyKey: "k", conversationId: "../x" }, "会话编号不正确"],
  ])("of %s: refused, in Chinese", async (_, message, why) => {
    const refusal = await refused(anna.api.chat.send.mutate(message));
    expect(refusal.code).toBe("BAD_REQUEST");
    expect(refusal.message).toContain(why);
  });

  test("of the longest text there may be: accepted", async () => {
    const { end } = await ask(anna, "长".repeat(MAX_TEXT_CHARS));
    expect(end).toMatchObject({ t: "failed", code: "too-long" });
  });

  test("into a conversation of an agent that is not there: refused", async () => {
    const message = { text: "好", idempotencyKey: key(), conversationId: "gone.c1" };
    expect(await refused(anna.api.chat.send.mutate(message))).toMatchObject({ reason: "agent-unknown" });
  });

  test("into another user's conversation fails, and the model sees nothing of it", async () => {
    const { conversationId } = await ask(anna, "安娜的秘密");
    const before = prompts.length;
    const { end, events } = await ask(berta, "她说了什么？", conversationId);
    expect(end).toMatchObject({ t: "failed", code: "not-found" });
    expect(JSON.stringify(events)).not.toContain("秘密");
    expect(prompts).toHaveLength(before);
    const { messages } = await anna.api.chat.history.query({ conversationId });
    expect(messages.map(({ text }) => text).join()).not.toContain("她说了什么");
  });
});

describe("agent.list", () => {
  test("shows the agent, its model and its slots", async () => {
    const [agent, ...others] = await anna.api.agent.list.query();
    expect(agent).toMatchObject({
      id: "a1",
      online: true,
      modelReady: true,
      model: "stand-in-model",
      slots: 4,
    });
    expect(agent?.since).toBeGreaterThan(0);
    expect(others).toEqual([]);
  });
});

describe("job.events", () => {
  test("of another user's job and of no job are refused alike", async () => {
    const { jobId } = await ask(anna, "我的任务");
    const refusals = [jobId, "a1.none", "gone.x"].map((id) =>
      refusedSubscription((handlers) => berta.api.job.events.subscribe({ jobId: id }, handlers)),
    );
    const [first, ...rest] = await Promise.all(refusals);
    expect(first).toMatchObject({ code: "NOT_FOUND", reason: "not-found" });
    for (const other of rest) expect(other).toEqual(first as NonNullable<typeof first>);
  });

  test("resume anywhere, also in the middle of a frame, and complete at once after the end", async () => {
    const { jobId, events } = await ask(anna, "从中间接着看");
    for (const seen of [0, 1, 2, Math.floor(events.length / 2), events.length - 1, events.length]) {
      expect(await resumed(jobId, `${seen}-0`)).toEqual(events.slice(seen));
    }
  });

  test("resume while the answer is in the making", async () => {
    const { jobId } = await anna.api.chat.send.mutate({ text: "边写边看", idempotencyKey: key() });
    const whole = watchJob(anna, jobId);
    await until("some events", () => whole.events.length > 10);
    const seen = whole.events.length - 3;
    const rest = await resumed(jobId, `${seen}-0`);
    await whole.completed;
    expect(rest).toEqual(whole.events.slice(seen));
    expect(whole.faults).toEqual([]);
  });

  test.each(["x", "1", "-1-0", "1-0; drop", "99999999999999999999-0"])(
    "after %j: refused",
    async (lastEventId) => {
      const { jobId } = await ask(anna, "好");
      const refusal = await refusedSubscription((handlers) =>
        anna.api.job.events.subscribe({ jobId, lastEventId }, handlers),
      );
      expect(refusal.code).toBe("BAD_REQUEST");
    },
  );

  function resumed(jobId: string, lastEventId: string): Promise<ReplyEvent[]> {
    const events: ReplyEvent[] = [];
    return new Promise((resolve, reject) => {
      anna.api.job.events.subscribe(
        { jobId, lastEventId },
        { onData: ({ data }) => events.push(...data), onComplete: () => resolve(events), onError: reject },
      );
    });
  }
});

describe("the feed", () => {
  test("says ready, then what happens to this user's jobs, on each device, in order", async () => {
    const second = system.client(await system.signIn("anna"));
    const feeds = await Promise.all([watchFeed(anna), watchFeed(second)]);
    const foreign = await ask(berta, "别人的");
    const { jobId } = await ask(anna, "自己的");
    for (const feed of feeds) {
      await until("the end in the feed", () => feed.statuses(jobId).includes("done"));
      expect(feed.events[0]).toEqual({ t: "ready" });
      expect(feed.statuses(jobId).filter((status) => status !== "delivered")).toEqual([
        "queued",
        "running",
        "done",
      ]);
      const jobs = feed.events.flatMap((event) => (event.t === "job" ? [event.job] : []));
      expect(jobs.map((job) => job.jobId)).not.toContain(foreign.jobId);
      expect(jobs.find((job) => job.jobId === jobId)).toMatchObject({
        agentId: "a1",
        channel: "miniprogram",
        preview: "自己的",
        kind: "turn",
      });
    }
    // Each begins with a "ready" of its own, and the one that was open before may have heard of an earlier test.
    const [early = [], late = []] = feeds.map(({ ids }) => ids);
    const both = Math.min(early.length, late.length) - 1;
    expect(both).toBeGreaterThanOrEqual(3);
    expect(early.slice(-both)).toEqual(late.slice(-both));
    for (const feed of feeds) feed.stop();
  });

  test("resumes where it was left, also where nothing had happened yet", async () => {
    const early = await watchFeed(anna);
    await until("ready", () => early.ids.length > 0);
    const [readyId = ""] = early.ids;
    const { jobId } = await ask(anna, "之后的事");
    await until("the end", () => early.statuses(jobId).includes("done"));
    const late = await watchFeed(anna, readyId);
    await until("the same again", () => late.ids.length >= early.ids.length - 1);
    expect(late.ids).toEqual(early.ids.slice(1));
    // Presence is not kept: each hears of it by itself.
    const kept = ({ events }: WatchedFeed) => events.filter(({ t }) => t !== "agent");
    expect(kept(late)).toEqual(kept(early).slice(1));
    for (const feed of [early, late]) feed.stop();
  });

  test("goes on over a restart of the gateway, without loss or repetition", async () => {
    const feed = await watchFeed(anna);
    const before = await ask(anna, "重启之前");
    const { jobId } = await anna.api.chat.send.mutate({ text: "重启之中", idempotencyKey: key() });
    await system.gateway().stop();
    await system.startGateway();
    const after = await ask(anna, "重启之后");
    for (const id of [before.jobId, jobId, after.jobId]) {
      await until("the end in the feed", () => feed.statuses(id).includes("done"));
      const told = feed.statuses(id).filter((status) => status !== "delivered");
      expect(told).toEqual(["queued", "running", "done"]);
    }
    expect(new Set(feed.ids).size).toBe(feed.ids.length);
    expect(feed.events.filter(({ t }) => t === "ready")).toHaveLength(1);
    feed.stop();
  });
});
