import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { configureSync, getLogger, type LogRecord, resetSync } from "@logtape/logtape";
import type { Server } from "bun";
import { connect } from "node:net";
import { Hono } from "hono";
import * as v from "valibot";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { openCallbackSender } from "../../../dev/wecom-callback.ts";
import vectors from "../../../test/vectors.json";
import { openRedis, type RedisClient } from "../redis/connect.ts";
import { SEEN_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { watchRestarts } from "../redis/restart-watch.ts";
import { wecomCallback } from "./callback.ts";
import { openWecomCrypto } from "./crypto.ts";
import { openInbox } from "./inbox.ts";
import { WecomInbound } from "./inbound-message.ts";

const { wecom_official: official, self_made: selfMade } = vectors;
const { token, encodingAESKey: aesKey, corpId } = official;
const agentId = "218";
const crypto = openWecomCrypto({ token, aesKey, receiveId: corpId });
const log = getLogger(["claw", "test"]);

const query = (fields: Record<string, string>) => `?${new URLSearchParams(fields).toString()}`;
const envelope = (encrypt: string, to = corpId, agent = agentId) =>
  `<xml><ToUserName><![CDATA[${to}]]></ToUserName><AgentID>${agent}</AgentID><Encrypt><![CDATA[${encrypt}]]></Encrypt></xml>`;
const textXml = (fields: Record<string, string> = {}) =>
  `<xml>${Object.entries({
    ToUserName: corpId,
    FromUserName: "zhangsan",
    CreateTime: "1700000000",
    MsgType: "text",
    Content: "你好",
    MsgId: "7000000000000000001",
    AgentID: agentId,
    ...fields,
  })
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("")}</xml>`;

async function waitUntil(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 3_000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error("waited 3 s");
    await Bun.sleep(2);
  }
}

/** The gateway's side with an accept that remembers; `app.request()` instead of a socket. */
function openCallback(
  accept: (message: WecomInbound, xml: string) => Promise<unknown> = () => Promise.resolve(),
) {
  const accepted: WecomInbound[] = [];
  const callback = wecomCallback({
    crypto,
    corpId,
    agentId,
    log,
    accept: async (message, xml) => {
      await accept(message, xml);
      accepted.push(message);
    },
  });
  const app = new Hono().route("/wecom", callback);
  const post = (body: string, params: Record<string, string>) =>
    app.request(`/wecom${query(params)}`, { method: "POST", body });
  /** A correctly signed POST with that XML inside. */
  const postXml = (xml: string, wrap: (encrypt: string) => string = envelope) => {
    const { encrypt, signature } = crypto.seal(xml, { timestamp: "1700000000", nonce: "n" });
    return post(wrap(encrypt), { msg_signature: signature, timestamp: "1700000000", nonce: "n" });
  };
  return { app, accepted, post, postXml };
}

describe("URL verification", () => {
  const { msg_signature, timestamp, nonce, echostr, plaintext } = official.url_verify;
  const good = { msg_signature, timestamp, nonce, echostr };

  test("gives the plaintext back, and nothing else", async () => {
    const response = await openCallback().app.request(`/wecom${query(good)}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toStartWith("text/plain");
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(plaintext));
  });

  test.each([
    ["without a signature", { ...good, msg_signature: "" }, 400],
    ["without a timestamp", { ...good, timestamp: "" }, 400],
    ["without a nonce", { ...good, nonce: "" }, 400],
    ["without echostr", { ...good, echostr: "" }, 400],
    ["with a wrong signature", { ...good, msg_signature: msg_signature.replace(/.$/, "4") }, 403],
    ["with another echostr", { ...good, echostr: official.post.encrypt }, 403],
    ["by someone who just looks", {}, 400],
  ])("%s: refused", async (_, params: Record<string, string>, status) => {
    const response = await openCallback().app.request(`/wecom${query(params)}`);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain(plaintext);
  });

  test.each(selfMade.wecom_must_reject)("$name: refused", async (sample) => {
    const { signature, timestamp, nonce, encrypt } = sample;
    const params = { msg_signature: signature, timestamp, nonce, echostr: encrypt };
    const response = await openCallback().app.request(`/wecom${query(params)}`);
    expect([400, 403]).toContain(response.status);
  });
});

describe("a message", () => {
  test("WeCom's own sample: accepted, then acknowledged with an empty body", async () => {
    let given = "";
    const { accepted, post } = openCallback((_, xml) => {
      given = xml;
      return Promise.resolve();
    });
    const { msg_signature, timestamp, nonce } = official.post;
    const response = await post(official.post.envelope, { msg_signature, timestamp, nonce });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(accepted).toMatchObject([{ kind: "text", dedupeId: "m:4561255354251345929", text: "hello" }]);
    expect(given).toBe(official.post.plaintext);
  });

  test("is not acknowledged before it is accepted", async () => {
    const gate = Promise.withResolvers<void>();
    const { postXml } = openCallback(() => gate.promise);
    let answered = false;
    const response = Promise.resolve(postXml(textXml())).then((response) => {
      answered = true;
      return response;
    });
    await Bun.sleep(50);
    expect(answered).toBe(false);
    gate.resolve();
    expect((await response).status).toBe(200);
  });

  test("that cannot be accepted now is to be sent again", async () => {
    const { postXml } = openCallback(() => Promise.reject(new Error("Redis is away")));
    expect((await postXml(textXml())).status).toBe(503);
  });

  test.each(selfMade.wecom_must_reject)("refused: $name", async (sample) => {
    const { accepted, post } = openCallback();
    const { signature, timestamp, nonce, encrypt, name } = sample;
    const response = await post(envelope(encrypt), { msg_signature: signature, timestamp, nonce });
    expect(response.status).toBe(/receiveId|signature/.test(name) ? 403 : 400);
    expect(accepted).toEqual([]);
  });

  test.each([
    ["for another corp, by its envelope", 403, textXml(), (e: string) => envelope(e, "wx0000")],
    ["for another app, by its envelope", 403, textXml(), (e: string) => envelope(e, corpId, "219")],
    ["for another corp", 403, textXml({ ToUserName: "wx0000" }), envelope],
    ["for another app", 403, textXml({ AgentID: "219" }), envelope],
    ["without Encrypt", 400, textXml(), () => "<xml><A>1</A></xml>"],
    [
      "with two of Encrypt",
      400,
      textXml(),
      (e: string) => `<xml><Encrypt>${e}</Encrypt><Encrypt>${e}</Encrypt></xml>`,
    ],
    ["empty", 400, textXml(), () => ""],
    ["in JSON", 400, textXml(), (e: string) => JSON.stringify({ encrypt: e })],
    ["in a DOCTYPE", 400, textXml(), (e: string) => `<!DOCTYPE xml>${envelope(e)}`],
    [
      "with an entity",
      400,
      textXml(),
      (e: string) => `<!DOCTYPE x [<!ENTITY e "${e}">]><xml><Encrypt>&e;</Encrypt></xml>`,
    ],
    ["not XML inside", 400, "hello", envelope],
    ["with a DTD inside", 400, `<!DOCTYPE x [<!ENTITY a "aa">]>${textXml({ Content: "&a;" })}`, envelope],
    ["cut off inside", 400, textXml().slice(0, -8), envelope],
    ["without MsgId", 400, textXml({ MsgId: "" }), envelope],
    ["without a sender", 400, textXml({ FromUserName: "" }), envelope],
    ["1 MB long", 413, textXml(), (e: string) => envelope(e) + " ".repeat(1024 * 1024)],
  ])("refused: %s", async (_, status, xml, wrap) => {
    const { accepted, postXml } = openCallback();
    expect((await postXml(xml, wrap)).status).toBe(status);
    expect(accepted).toEqual([]);
  });

  test("refused without its signature, before anything is read", async () => {
    const { post } = openCallback();
    expect((await post(official.post.envelope, {})).status).toBe(400);
  });
});

test("a flood of refusals is logged once, with no secret and nothing of the message", async () => {
  const records: LogRecord[] = [];
  configureSync({
    reset: true,
    sinks: { memory: (record) => records.push(record) },
    loggers: [
      { category: ["claw"], sinks: ["memory"] },
      { category: ["logtape"], lowestLevel: "error", sinks: [] },
    ],
  });
  const { post, postXml } = openCallback();
  for (let i = 0; i < 20; i++)
    await post(official.post.envelope, { msg_signature: "x", timestamp: "1", nonce: "n" });
  await postXml(textXml({ MsgId: "", Content: "悄悄话" }));
  resetSync();

  expect(records.map((record) => record.message.join(""))).toEqual([
    "没有接收企业微信的回调：签名不正确",
    "没有接收企业微信的回调：消息格式不正确",
  ]);
  const written = records.map((record) => Bun.inspect([record.message, record.properties])).join("\n");
  for (const secret of [token, aesKey, "悄悄话", official.post.encrypt.slice(0, 40)])
    expect(written).not.toContain(secret);
});

describe("over a socket, into Redis", () => {
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
      await waitUntil(() => server.pendingRequests === 1);
      caller.destroy();
      await waitUntil(() => server.pendingRequests === 0);
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
});
