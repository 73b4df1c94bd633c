import { afterAll, beforeEach, expect, test } from "bun:test";
import * as vendor from "@wecom/crypto";
import { freePort } from "../src/gateway/redis/free-port.ts";
import { openCallbackSender } from "./wecom-callback.ts";

const aesKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const app = { corpId: "ww1", agentId: "218", token: "token", aesKey };

/** What the gateway was sent, decrypted by the vendor's own package. */
let received: string[] = [];
let answer: () => Promise<Response> | Response = () => new Response("");
const gateway = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const query = new URL(request.url).searchParams;
    const [, encrypt = ""] = /<Encrypt><!\[CDATA\[(.*)\]\]><\/Encrypt>/.exec(await request.text()) ?? [];
    const signature = vendor.getSignature(
      app.token,
      query.get("timestamp") ?? "",
      query.get("nonce") ?? "",
      encrypt,
    );
    expect(query.get("msg_signature")).toBe(signature);
    received.push(vendor.decrypt(aesKey, encrypt).message);
    return await answer();
  },
});
const callbackUrl = new URL("/wecom", gateway.url).href;
const sender = openCallbackSender({ ...app, callbackUrl, answerTimeoutMs: 100, retryDelayMs: 0 });

beforeEach(() => {
  received = [];
  answer = () => new Response("");
});
afterAll(() => gateway.stop(true));

test("a gateway that does not answer in time gets the same message three times", async () => {
  answer = () => new Promise<Response>(() => {});
  const retries: unknown[] = [];
  const delivery = await sender.sendText("zhangsan", "你好", { onRetry: (outcome) => retries.push(outcome) });
  expect(delivery).toEqual({ delivered: false, tries: ["timeout", "timeout", "timeout"], answer: "" });
  expect(retries).toEqual(["timeout", "timeout"]);
  expect(received).toHaveLength(3);
  expect(new Set(received).size).toBe(1);
});

test("anything but 200 counts as a failure, a redirect too", async () => {
  const answers = [new Response(null, { status: 204 }), Response.redirect("/elsewhere"), new Response("")];
  answer = () => answers.shift() ?? new Response("");
  expect(await sender.sendEvent("zhangsan", "enter_agent")).toMatchObject({
    delivered: true,
    tries: [204, 302, 200],
  });
});

test("no gateway", async () => {
  const nowhere = `http://127.0.0.1:${await freePort()}/wecom`;
  const sender = openCallbackSender({ ...app, callbackUrl: nowhere, retryDelayMs: 0 });
  const none = "no-connection";
  expect((await sender.sendText("zhangsan", "有人吗")).tries).toEqual([none, none, none]);
  expect(await sender.verifyUrl()).toEqual({ ok: false, status: none, answer: "" });
});

test("every message has its own MsgId, which a JavaScript number cannot hold", async () => {
  for (let i = 0; i < 5; i++) await sender.sendText("zhangsan", "同一句话");
  const ids = received.map((xml) => /<MsgId><!\[CDATA\[(\d+)\]\]>/.exec(xml)?.[1] ?? "");
  expect(new Set(ids).size).toBe(5);
  for (const id of ids) {
    expect(BigInt(id)).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    expect(BigInt(id)).toBeLessThan(2n ** 63n);
  }
});
