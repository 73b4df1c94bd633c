import { describe, expect, test } from "bun:test";
import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import { Hono } from "hono";
import vectors from "../../../test/vectors.json";
import { app as wecomApp, crypto, envelope, log, query, textXml } from "./callback-for-tests.ts";
import { wecomCallback } from "./callback.ts";
import type { WecomInbound } from "./inbound-message.ts";

const { wecom_official: official, self_made: selfMade } = vectors;
const { token, aesKey, corpId, agentId } = wecomApp;

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
