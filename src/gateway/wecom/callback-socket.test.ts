import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Server } from "bun";
import { connect } from "node:net";
import { Hono } from "hono";
import * as v from "valibot";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { openCallbackSender } from "../../../dev/wecom-callback.ts";
import { until } from "../../../test/until.ts";
import { openRedis, type RedisClient } from "../redis/connect.ts";
import { SEEN_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { watchRestarts } from "../redis/restart-watch.ts";
import { app as wecomApp, crypto, envelope, log, query, textXml } from "./callback-for-tests.ts";
import { wecomCallback } from "./callback.ts";
import { openInbox } from "./inbox.ts";
import { WecomInbound } from "./inbound-message.ts";

const { token, aesKey, corpId, agentId } = wecomApp;

let testRedis: TestRedis;
let redis: RedisClient;
let server: Server<undefined>;
let callbackUrl = "";
const bugs: Error[] = [];

beforeAll(async () => {
  testRedis = await startTestRedis();
  redis = openRedis(testRedis.url, "commands");
  redis.on("error", () => {
    // One test takes Redis away.
  });
  const inbox = openInbox(redis, watchRestarts(redis, log));
  const accept = (message: WecomInbound) => inbox.accept(message);
  const app = new Hono().route("/wecom", wecomCallback({ crypto, corpId, agentId, accept, log }));
  app.onError((error, c) => {
    bugs.push(error);
    return c.body(null, 500);
  });
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
  callbackUrl = new URL("/wecom", server.url).href;
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await server.stop(true);
  redis.disconnect();
  await testRedis.stop();
});

const openSender = (options = {}) =>
  openCallbackSender({ callbackUrl, corpId, agentId, token, aesKey, retryDelayMs: 0, ...options });
const entries = async () => {
  const stream = await redis.xrange(wecomKeys.inbox, "-", "+");
  return stream.map(([, [field, json = ""]]) => {
    expect(field).toBe("m");
    return v.parse(WecomInbound, JSON.parse(json));
  });
};

test("the URL is verified", async () => {
  expect(await openSender().verifyUrl()).toMatchObject({ ok: true, status: 200 });
  expect(await openSender({ token: "other" }).verifyUrl()).toMatchObject({ ok: false, status: 403 });
});

test("a text arrives whole", async () => {
  const text = "第一行\n<b>&amp; ]]> 🤖";
  const delivery = await openSender().sendText("zhangsan", text);
  expect(delivery).toEqual({ delivered: true, tries: [200], answer: "" });
  expect(await entries()).toMatchObject([{ kind: "text", member: "zhangsan", text, agentId }]);
});

test("events and other types arrive", async () => {
  const sender = openSender();
  await sender.sendEvent("zhangsan", "enter_agent");
  await sender.sendEvent("zhangsan", "template_card_event", { EventKey: "yes", TaskId: "t" });
  await sender.sendMessage("zhangsan", "voice", { MediaId: "m", Format: "amr" });
  expect(await entries()).toMatchObject([
    { kind: "event", event: "enter_agent" },
    { kind: "event", event: "template_card_event", eventKey: "yes", taskId: "t" },
    { kind: "unsupported", msgType: "voice" },
  ]);
});

test("three deliveries of one message at the same time are one entry", async () => {
  const sender = openSender();
  const send = () => sender.sendText("zhangsan", "一次", { msgId: "9007199254740993001" });
  const deliveries = await Promise.all([send(), send(), send()]);
  expect(deliveries.every((delivery) => delivery.delivered)).toBe(true);
  await send();
  await sender.sendText("zhangsan", "一次", { msgId: "9007199254740993002" });
  expect((await entries()).map((entry) => entry.dedupeId)).toEqual([
    "m:9007199254740993001",
    "m:9007199254740993002",
  ]);
  const ttl = await redis.ttl(wecomKeys.seen("m:9007199254740993001"));
  expect(ttl).toBeGreaterThan(SEEN_TTL_SECONDS - 60);
  expect(ttl).toBeLessThanOrEqual(SEEN_TTL_SECONDS);
});

test("a message that could not be put in does not count as seen", async () => {
  await redis.set(wecomKeys.inbox, "not a stream");
  const sender = openSender();
  const failed = await sender.sendText("zhangsan", "再来", { msgId: "5" });
  expect(failed).toMatchObject({ delivered: false, tries: [503, 503, 503] });
  await redis.del(wecomKeys.inbox);
  expect((await sender.sendText("zhangsan", "再来", { msgId: "5" })).delivered).toBe(true);
  expect(await entries()).toHaveLength(1);
});

test("whoever waits is woken", async () => {
  const subscriber = openRedis(testRedis.url, "subscriber");
  const woken = Promise.withResolvers<string>();
  subscriber.on("message", woken.resolve);
  await subscriber.subscribe(wecomKeys.inbox);
  await openSender().sendText("zhangsan", "醒醒");
  expect(await woken.promise).toBe(wecomKeys.inbox);
  subscriber.disconnect();
});

test.each(["with its length", "in chunks"])("a body of 1 MB %s is refused", async (how) => {
  const piece = new Uint8Array(64 * 1024).fill(32);
  const chunks = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < 16; i++) controller.enqueue(piece);
      controller.close();
    },
  });
  const body = how === "in chunks" ? chunks : new Uint8Array(1024 * 1024);
  const url = callbackUrl + query({ msg_signature: "a", timestamp: "1", nonce: "n" });
  const response = await fetch(url, { method: "POST", body });
  expect(response.status).toBe(413);
});

test("a small body in chunks is read", async () => {
  const { encrypt, signature } = crypto.seal(textXml({ Content: "分块".repeat(500) }), {
    timestamp: "1",
    nonce: "n",
  });
  const bytes = Buffer.from(envelope(encrypt));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 101) controller.enqueue(bytes.subarray(at, at + 101));
      controller.close();
    },
  });
  const url = callbackUrl + query({ msg_signature: signature, timestamp: "1", nonce: "n" });
  expect((await fetch(url, { method: "POST", body })).status).toBe(200);
  expect(await entries()).toMatchObject([{ text: "分块".repeat(500) }]);
});

test("a caller who hangs up in the middle of the body leaves nothing behind", async () => {
  const head = `POST /wecom${query({ msg_signature: "a", timestamp: "1", nonce: "n" })} HTTP/1.1\r\nHost: x\r\n`;
  for (const length of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
    const caller = connect(Number(server.port), "127.0.0.1");
    caller.write(`${head}${length}\r\n\r\n5\r\n<xml>\r\n`);
    await until("the request", () => server.pendingRequests === 1);
    caller.destroy();
    await until("the request", () => server.pendingRequests === 0);
  }
  expect((await openSender().sendText("zhangsan", "还在")).delivered).toBe(true);
  expect(await entries()).toHaveLength(1);
  expect(bugs).toEqual([]);
});

test("Redis away and back: sent again, in once", async () => {
  const outcomes: unknown[] = [];
  await testRedis.kill9();
  const sender = openSender({ retryDelayMs: 0 });
  const delivery = await sender.sendText("zhangsan", "坚持", {
    onRetry: (outcome) => {
      outcomes.push(outcome);
      if (outcomes.length === 1) testRedis.restart().catch((error: unknown) => outcomes.push(error));
    },
  });
  expect(outcomes).toEqual([503]);
  expect(delivery).toMatchObject({ delivered: true, tries: [503, 200] });
  // This Redis came back empty, so what the tests before had sent was written again as well.
  const kept = (await entries()).filter((entry) => entry.kind === "text" && entry.text === "坚持");
  expect(kept).toHaveLength(1);
}, 15_000);
