import { afterAll, beforeAll, expect, test } from "bun:test";
import { startWecomApi, type WecomApiStandIn } from "../dev/wecom-api.ts";
import { openCallbackSender } from "../dev/wecom-callback.ts";
import { TEXTS } from "../src/gateway/wecom/texts.ts";
import { CORP, startSystem, type System, until } from "./system.ts";
import vectors from "./vectors.json";

/** What is sent to the callback by whoever likes to: a real gateway, with the settings of WeCom's own samples. */
const { wecom_official: official, self_made: selfMade } = vectors;
const { token, encodingAESKey: aesKey, corpId } = official;
const agentId = "218";
const { msg_signature, timestamp, nonce, envelope } = official.post;
const signed = { msg_signature, timestamp, nonce };
let system: System;
let wecomApi: WecomApiStandIn;

beforeAll(async () => {
  wecomApi = await startWecomApi({ corpId, secret: CORP.secret, agentId: Number(agentId) });
  system = await startSystem({
    withoutAgent: true,
    gatewayEnv: {
      CLAW_WECOM_TOKEN: token,
      CLAW_WECOM_AES_KEY: aesKey,
      CLAW_WECOM_CORP_ID: corpId,
      CLAW_WECOM_AGENT_ID: agentId,
      CLAW_WECOM_API_BASE: wecomApi.url,
    },
  });
}, 60_000);
afterAll(async () => {
  await system.stop();
  await wecomApi.stop();
}, 30_000);

const address = (params: Record<string, string>) =>
  `${system.gatewayUrl}/wecom?${new URLSearchParams(params).toString()}`;

async function post(body: string | Uint8Array<ArrayBuffer>, params: Record<string, string>): Promise<number> {
  const response = await fetch(address(params), { method: "POST", body });
  await response.text();
  return response.status;
}

const wrap = (encrypt: string) =>
  `<xml><ToUserName><![CDATA[${corpId}]]></ToUserName><AgentID>${agentId}</AgentID><Encrypt><![CDATA[${encrypt}]]></Encrypt></xml>`;
const sender = (options: Partial<{ token: string; corpId: string; agentId: string }> = {}) =>
  openCallbackSender({
    callbackUrl: `${system.gatewayUrl}/wecom`,
    retryDelayMs: 0,
    token,
    aesKey,
    corpId,
    agentId,
    ...options,
  });

test("WeCom's own samples are accepted", async () => {
  const { msg_signature, timestamp, nonce, echostr, plaintext } = official.url_verify;
  const response = await fetch(address({ msg_signature, timestamp, nonce, echostr }));
  expect([response.status, await response.text()]).toEqual([200, plaintext]);
  expect(await post(envelope, signed)).toBe(200);
});

test.each(selfMade.wecom_must_reject)("$name: refused, by GET and by POST", async (sample) => {
  const { signature: msg_signature, timestamp, nonce, encrypt } = sample;
  const params = { msg_signature, timestamp, nonce };
  const response = await fetch(address({ ...params, echostr: encrypt }));
  expect([400, 403]).toContain(response.status);
  expect([400, 403]).toContain(await post(wrap(encrypt), params));
});

test.each([
  ["another token", { token: "another" }],
  ["a foreign corp", { corpId: "ww-foreign" }],
  ["another app", { agentId: "219" }],
])("signed for %s: refused each time", async (_, options) => {
  const delivery = await sender(options).sendText("stranger", "你好");
  expect(delivery).toMatchObject({ delivered: false, tries: [403, 403, 403] });
});

const ENTITIES = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>`;

test.each([
  ["1 MB", "x".repeat(1024 * 1024), 413],
  ["entities", `${ENTITIES}<xml><ToUserName>&b;&c;</ToUserName><Encrypt>&c;</Encrypt></xml>`, 400],
  ["no XML", "{}", 400],
  ["half of an envelope", envelope.slice(0, 300), 400],
  ["an unclosed element", "<xml><Encrypt>x</xml>", 400],
  ["nothing", "", 400],
  ["bytes that are no text", new Uint8Array([0, 255, 254, 60, 120]), 400],
  ["deep nesting", "<a>".repeat(50_000), 400],
])("a body of %s: refused", async (_, body, status) => {
  expect(await post(body, signed)).toBe(status);
});

test.each(["<xml></xml>", "no xml", `${ENTITIES}<xml><FromUserName>&c;</FromUserName></xml>`])(
  "correctly signed %s: refused",
  async (xml) => {
    expect(await sender().sendXml(xml)).toMatchObject({ delivered: false, tries: [400, 400, 400] });
  },
);

test.each([
  {},
  { ...signed, msg_signature: "" },
  { ...signed, timestamp: "" },
  { ...signed, nonce: "" },
  signed,
])("GET with only %j: refused", async (params: Record<string, string>) => {
  const response = await fetch(address(params));
  expect(response.status).toBe(400);
});

test("after all of this it serves, and nothing of it got through", async () => {
  expect((await sender().sendText("zhangsan", "/help")).delivered).toBe(true);
  await until("the answer, and the notice", () =>
    ["zhangsan", "mycreate"].every((member) => wecomApi.list(member).length > 0),
  );
  const sent = wecomApi.sent().map(({ member, content }) => ({ member, content }));
  expect(sent.toSorted((a, b) => a.member.localeCompare(b.member))).toEqual([
    { member: "mycreate", content: TEXTS.queuedOffline },
    { member: "zhangsan", content: TEXTS.help },
  ]);
  expect((await fetch(`${system.gatewayUrl}/readyz`)).status).toBe(200);
});
