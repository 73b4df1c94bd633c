import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import * as v from "valibot";
import { ConversationId, JobId } from "../../contract/identifiers.ts";
import { reasonOf } from "../../contract/refusal.ts";
import type { AgentCalls } from "../link/agent-calls.ts";
import { agentKeys, userKeys } from "../redis/keys.ts";
import { openChat } from "./chat.ts";
import { openFeed } from "./feed.ts";
import { openUsers } from "./users.ts";

const SOURCE = { channel: "miniprogram", origin: "" };
const noCalls: AgentCalls = {
  client: () => {
    throw new Error("no agent is asked");
  },
  follow: () => {
    throw new Error("no agent is there");
  },
  answer: () => Promise.resolve(),
};
let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

const chatOf = (agentIds: readonly string[]) =>
  openChat({
    redis: parts.redis,
    jobs: parts.jobs,
    users: openUsers(parts.redis, agentIds),
    feed: openFeed(parts.redis, parts.hub, parts.restarts),
    calls: noCalls,
    agentIds,
  });
const queued = (agentId: string) => parts.redis.xlen(agentKeys(agentId).orders);

test("a message sent again gets the same ids, and makes no second job", async () => {
  const chat = chatOf(["a1", "a2"]);
  const message = { text: "你好", idempotencyKey: "k1" };
  const sent = await Promise.all(Array.from({ length: 10 }, () => chat.send("u1", message, SOURCE)));
  expect(new Set(sent.map((one) => JSON.stringify(one))).size).toBe(1);
  const [{ jobId, conversationId } = { jobId: "", conversationId: "" }] = sent;
  expect(v.is(JobId, jobId) && v.is(ConversationId, conversationId)).toBe(true);
  expect(await queued("a1")).toBe(1);
  expect(await openFeed(parts.redis, parts.hub, parts.restarts).openJobs("u1")).toEqual([jobId]);
});

test("another user, or another key, is another job", async () => {
  const chat = chatOf(["a1"]);
  const one = await chat.send("u2", { text: "你好", idempotencyKey: "k" }, SOURCE);
  const others = [
    await chat.send("u3", { text: "你好", idempotencyKey: "k" }, SOURCE),
    await chat.send("u2", { text: "你好", idempotencyKey: "k\0" }, SOURCE),
  ];
  for (const other of others) {
    expect(other.jobId).not.toBe(one.jobId);
    expect(other.conversationId).not.toBe(one.conversationId);
  }
});

test("new conversations go to the first agent, the others stay where they are", async () => {
  const { conversationId } = await chatOf(["a3", "a4"]).send(
    "u4",
    { text: "一", idempotencyKey: "1" },
    SOURCE,
  );
  expect(conversationId).toStartWith("a3.");
  // The order of the agents has changed.
  const { jobId } = await chatOf(["a4", "a3"]).send(
    "u4",
    { text: "二", idempotencyKey: "2", conversationId },
    SOURCE,
  );
  expect(jobId).toStartWith("a3.");
  expect([await queued("a3"), await queued("a4")]).toEqual([2, 0]);
});

test("a new conversation is on the chosen agent, but a repeat goes where the message went first", async () => {
  const chat = chatOf(["a5", "a6"]);
  const message = { text: "你好", idempotencyKey: "1" };
  const first = await chat.send("u6", message, SOURCE);
  await parts.redis.hset(userKeys("u6").record, "created", "1");
  await openUsers(parts.redis, ["a5", "a6"]).setAgent("u6", "a6");
  expect(await chat.send("u6", message, SOURCE)).toEqual(first);
  const second = await chat.send("u6", { ...message, idempotencyKey: "2" }, SOURCE);
  expect(second.conversationId).toStartWith("a6.");
  expect(await chat.newConversationId("u6", "3")).toStartWith("a6.");
  expect([await queued("a5"), await queued("a6")]).toEqual([1, 1]);
});

test("a conversation on an agent that is no longer there is refused", async () => {
  const message = { text: "你好", idempotencyKey: "k", conversationId: "gone.c1" };
  const chat = chatOf(["a1"]);
  expect(await chat.send("u5", message, SOURCE).catch(reasonOf)).toBe("agent-unknown");
  const request = { conversationId: "gone.c1", limit: 30 };
  const history = chat.port("miniprogram").history("u5", request, undefined);
  expect(await history.catch(reasonOf)).toBe("not-found");
});

test("the agent is told which turn the message takes the place of", async () => {
  const message = { text: "再来", idempotencyKey: "r", conversationId: "a7.c1", replaces: "a7.j1" };
  await chatOf(["a7"]).send("u7", message, SOURCE);
  const [order] = await parts.redis.xrange(agentKeys("a7").orders, "-", "+");
  expect(JSON.parse(order?.[1][1] ?? "")).toMatchObject({ job: { text: "再来", replaces: "a7.j1" } });
});

test("of an agent that is no longer there no conversation is renamed or deleted, and nobody is told so", async () => {
  const chat = chatOf(["a1"]).port("miniprogram");
  expect(await chat.rename("u8", "gone.c1", "名字", undefined).catch(reasonOf)).toBe("not-found");
  expect(await chat.delete("u8", "gone.c1", undefined).catch(reasonOf)).toBe("not-found");
  expect(await parts.redis.exists(userKeys("u8").feed)).toBe(0);
});
