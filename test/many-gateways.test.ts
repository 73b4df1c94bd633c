import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { freePort, type Program, untilReady } from "../dev/program.ts";
import { startTestRedis, type TestRedis } from "../dev/redis-for-tests.ts";
import { type CallbackSender, openCallbackSender } from "../dev/wecom-callback.ts";
import { TEXTS } from "../src/gateway/wecom/texts.ts";
import { ask } from "./ask.ts";
import { whileFrozen } from "./frozen.ts";
import { openLinkClient } from "./link-client.ts";
import { AGENT, CORP, openClient, startSystem, type System, until, type UserClient } from "./system.ts";
import { watchFeed } from "./watched-feed.ts";
import { watchJob } from "./watched-job.ts";

const PLAYED = { agentId: "a2", key: "played-agent-key-for-tests", instance: "instance-of-a2" } as const;
const PASSWORD = "redis-password-for-tests";

const redises: [string, () => Promise<TestRedis>][] = [
  ["one Redis", () => startTestRedis({ args: ["--requirepass", PASSWORD] })],
  ["a Redis Cluster", () => startTestRedis({ cluster: true })],
];

describe.each(redises)("two gateways on %s", (_, startRedis) => {
  let redis: TestRedis;
  /** Its gateway has the agent's link, and was the first to take the leases. */
  let system: System;
  let second: { url: string; program: Program; wecom: CallbackSender };
  /** Of the second gateway. */
  let client: UserClient;

  beforeAll(async () => {
    redis = await startRedis();
    system = await startSystem({
      model: { tokensPerSecond: 400 },
      gatewayEnv: {
        CLAW_REDIS_URL: redis.url,
        CLAW_AGENTS: `${AGENT.id}:${AGENT.key},${PLAYED.agentId}:${PLAYED.key}`,
      },
    });
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const program = system.launch("src/gateway/main.ts", {
      ...system.env.gateway,
      CLAW_SERVER_PORT: String(port),
      CLAW_DATA_DIR: join(system.dir, "second"),
    });
    await untilReady(`${url}/readyz`, program);
    const wecom = openCallbackSender({ ...CORP, callbackUrl: `${url}/wecom`, retryDelayMs: 20 });
    second = { url, program, wecom };
    client = openClient(url, await system.signIn("user"));
  }, 60_000);
  afterAll(async () => {
    await client.close();
    const printed = [system.gateway(), system.agent(), second.program]
      .map((program) => program.output())
      .join("");
    await system.stop();
    await redis.stop();
    expect(printed).not.toContain("CROSSSLOT");
  }, 30_000);

  const got = (member: string) => system.wecomApi.list(member).map(({ content }) => content);

  test("a user of one talks to the agent of the other: stream, feed, list, history", async () => {
    const feed = await watchFeed(client);
    const asked = await ask(client, "隔着两个网关");
    expect(asked.end).toMatchObject({ t: "done", text: asked.text });
    expect((await client.api.agent.list.query())[0]).toMatchObject({
      id: AGENT.id,
      online: true,
      modelReady: true,
    });
    await until("the end in the feed", () => feed.statuses(asked.jobId).includes("done"));
    feed.stop();
    const { conversationId } = asked;
    expect((await client.api.chat.conversations.query()).map(({ id }) => id)).toEqual([conversationId]);
    const { messages } = await client.api.chat.history.query({ conversationId });
    expect(messages.map(({ text }) => text)).toEqual(["隔着两个网关", asked.text]);
    expect((await ask(client, "接着说", conversationId)).end?.t).toBe("done");
  });

  test("two readers, one at each, see the same", async () => {
    const { jobId } = await client.api.chat.send.mutate({ text: "换一边看", idempotencyKey: "move" });
    const here = watchJob(client, jobId);
    const there = watchJob(system.client(await system.signIn("user")), jobId);
    await Promise.all([here.completed, there.completed]);
    expect([...here.faults, ...there.faults]).toEqual([]);
    expect(there.events).toEqual(here.events);
  });

  test("WeCom may call either: a message that both get is answered once", async () => {
    expect(await second.wecom.verifyUrl()).toMatchObject({ ok: true });
    const options = { msgId: "770000000000000001" };
    const senders = [second.wecom, system.wecom, second.wecom];
    await Promise.all(senders.map((sender) => sender.sendText("member", "问两边", options)));
    await second.wecom.sendText("member", "/help");
    await until("the help and the answer", () => got("member").length >= 2);
    await system.wecom.sendText("member", "/new");
    await until("the new conversation", () => got("member").includes(TEXTS.newConversation));
    expect(got("member").filter((text) => text.includes("问两边"))).toHaveLength(1);
    expect(got("member")).toHaveLength(3);
  });

  test("an older link at one cannot push once there is a newer at the other", async () => {
    const conversationId = `${PLAYED.agentId}.c1`;
    const { jobId } = await client.api.chat.send.mutate({
      text: "谁来答",
      conversationId,
      idempotencyKey: "fence",
    });
    const older = await openLinkClient(system.gatewayUrl, PLAYED);
    await older.push({ jobId, from: 0, events: [{ t: "started" }] });
    // When the frozen gateway goes on, the push is the first that it sees, and it is too late already.
    const late = await whileFrozen(system.gateway(), async () => {
      const push = older.push({ jobId, from: 1, events: [{ t: "done", text: "旧的" }] });
      const refusal = push.catch((error: unknown) => error);
      return { refusal, newer: await openLinkClient(second.url, PLAYED) };
    });
    expect(await late.refusal).toBeInstanceOf(Error);
    await older.closed;
    const end = await late.newer.push({ jobId, from: 1, events: [{ t: "done", text: "新的" }] });
    expect(end).toEqual({ next: 2, closed: true });
    await late.newer.close();
  });

  test("when the one that did the work is killed, the other takes over", async () => {
    await system.gateway().kill9();
    const sentAt = performance.now();
    await second.wecom.sendText("orphan", "/help");
    await until("the answer", () => got("orphan").length > 0, 10_000);
    expect(performance.now() - sentAt).toBeLessThan(8_000);
    const { jobId } = await client.api.chat.send.mutate({ text: "等它回来", idempotencyKey: "orphan" });
    const job = watchJob(client, jobId);
    await second.wecom.sendText("orphan", "也等它回来");
    await system.startGateway();
    await job.completed;
    expect(job.faults).toEqual([]);
    await until("the answer in WeCom", () => got("orphan").some((text) => text.includes("也等它回来")));
  });
});
