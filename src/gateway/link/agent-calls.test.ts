import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { type GatewayParts, type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { AgentAnswer, AgentCall } from "../../contract/link-api.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { agentKeys } from "../redis/keys.ts";
import { type AgentCalls, openAgentCalls } from "./agent-calls.ts";

const AGENT = { id: "a1", epoch: 7 };
const TIMEOUT_MS = 10_000;
/** For an agent that is silent. */
const SHORT_MS = 150;
const FOUND = [{ id: "a1.c1", agentId: "a1", title: "标题", updatedAt: 1 }];
let parts: GatewaysOnRedis;
let other: GatewayParts;
let over = new AbortController();

beforeAll(async () => {
  parts = await startGatewayParts();
  other = await parts.another();
  await parts.redis.hset(agentKeys("a1").link, "epoch", AGENT.epoch);
});
afterAll(() => parts.stop());
afterEach(() => {
  over.abort();
  over = new AbortController();
});

const openOn = (gateway: GatewayParts, timeoutMs = TIMEOUT_MS) =>
  openAgentCalls({ ...gateway, agentIds: ["a1", "a2"], signal: over.signal, timeoutMs });
const list = (calls: AgentCalls, agentId = "a1", signal?: AbortSignal) =>
  calls.client(agentId).conversations.list.query({ userId: "u1" }, signal ? { signal } : {});
/** tRPC's client wraps what its link threw. */
const reason = (failed: Promise<unknown>) =>
  failed.then(
    () => "answered",
    (error: Error) => reasonOf(error.cause) ?? "no refusal",
  );

/** The link of agent a1 on a gateway: answers each call as told. */
async function answering(calls: AgentCalls, answer: (call: AgentCall) => AgentAnswer["result"] | undefined) {
  const seen: AgentCall[] = [];
  const follow = async () => {
    for await (const call of calls.follow(AGENT, over.signal)) {
      seen.push(call);
      const result = answer(call);
      if (result) await calls.answer(AGENT, { callId: call.callId, result });
    }
  };
  const following = follow();
  following.catch(() => {
    // Over before it had begun.
  });
  await until("it to listen", async () => {
    const [, count] = (await parts.redis.pubsub("NUMSUB", agentKeys("a1").calls)) as [string, number];
    return count > 0;
  });
  return seen;
}

test("a call from one gateway is answered over the link on another", async () => {
  const [here, there] = await Promise.all([openOn(parts), openOn(other)]);
  const seen = await answering(there, () => ({ ok: true, data: FOUND }));
  expect(await list(here)).toEqual(FOUND);
  expect(await list(there)).toEqual(FOUND);
  expect(seen.map(({ path, type, input }) => ({ path, type, input }))).toEqual(
    Array.from({ length: 2 }, () => ({ path: "conversations.list", type: "query", input: { userId: "u1" } })),
  );
});

test("many calls at once get each its own answer", async () => {
  const calls = await openOn(parts);
  await answering(calls, ({ input }) => ({ ok: true, data: [(input as { userId: string }).userId] }));
  const users = Array.from({ length: 50 }, (_, i) => `u${i}`);
  const answers = await Promise.all(
    users.map((userId) => calls.client("a1").conversations.list.query({ userId })),
  );
  expect(answers as unknown[]).toEqual(users.map((userId) => [userId]));
});

test("the agent's no is a refusal, its bug is none", async () => {
  const calls = await openOn(parts);
  const code = { current: "NOT_FOUND" };
  await answering(calls, () => ({ ok: false, code: code.current, message: "没有这个会话" }));
  expect(await reason(list(calls))).toBe("not-found");
  code.current = "INTERNAL_SERVER_ERROR";
  expect(await reason(list(calls))).toBe("no refusal");
});

test("an agent without a link is offline at once; one that is silent is not waited for for ever", async () => {
  const calls = await openOn(parts, SHORT_MS);
  expect(await reason(list(calls, "a2"))).toBe("agent-offline");
  await answering(calls, () => undefined);
  expect(await reason(list(calls))).toBe("agent-timeout");
});

test("an answer that comes too late, twice or unasked disturbs nobody", async () => {
  const calls = await openOn(parts, SHORT_MS);
  const seen = await answering(calls, () => undefined);
  expect(await reason(list(calls))).toBe("agent-timeout");
  for (const callId of [seen[0]?.callId ?? "", "unasked"])
    await calls.answer(AGENT, { callId, result: { ok: true, data: [] } });
  await answering(calls, () => ({ ok: true, data: FOUND }));
  expect(await list(await openOn(parts))).toEqual(FOUND);
});

test("a caller that leaves while Redis is being asked does not take the gateway with it", async () => {
  // A rejection without a reader would end it.
  const leaving = new AbortController();
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    const slow = new Proxy(parts.redis, {
      get(redis, name) {
        if (name !== "publish") return Reflect.get(redis, name) as unknown;
        return async () => {
          leaving.abort();
          await Bun.sleep(20);
          return 0;
        };
      },
    });
    const slowCalls = await openOn({ ...parts, redis: slow }, 5_000);
    expect(await list(slowCalls, "a1", leaving.signal).catch(() => "gone")).toBe("gone");
    await Bun.sleep(50);
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", note);
  }
});
