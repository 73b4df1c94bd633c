import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { type Fault, startWecomApi, type WecomApiStandIn } from "../../../dev/wecom-api.ts";
import { until } from "../../../dev/wecom-sending.ts";
import { openRedis, type RedisClient } from "../redis/connect.ts";
import { wecomKeys } from "../redis/keys.ts";
import { WecomApiError } from "./api-error.ts";
import { type AppMessage, openWecomApi } from "./api.ts";

const APP = { corpId: "ww-corp", secret: "S3cret/+with=signs", agentId: 1000002 };
const HELLO: AppMessage = { member: "zhangsan", type: "text", content: "你好", duplicateCheckSeconds: 1_800 };
const never = new AbortController().signal;

let server: TestRedis;
let redis: RedisClient;
let wecom: WecomApiStandIn;

beforeAll(async () => {
  server = await startTestRedis();
  redis = openRedis(server.url, "commands");
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  wecom = await startWecomApi(APP);
});
afterEach(() => wecom.stop());

const open = (change: object = {}) =>
  openWecomApi({ redis, apiBase: wecom.url, ...APP, answerTimeoutMs: 1_000, ...change });

async function failure(promise: Promise<unknown>): Promise<WecomApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WecomApiError)) throw new Error(`no WecomApiError but ${String(error)}`);
  return error;
}

describe("sendMessage", () => {
  test("delivers text and markdown, with the duplicate check on", async () => {
    const { messageId } = await open().sendMessage(HELLO, never);
    await open().sendMessage({ ...HELLO, type: "markdown", content: "**重点**" }, never);
    expect(wecom.sent()).toMatchObject([
      { id: messageId, member: "zhangsan", msgtype: "text", content: "你好", cut: false },
      { msgtype: "markdown", content: "**重点**" },
    ]);
    const [first] = wecom.calls("message/send");
    expect(first?.body).toMatchObject({ enable_duplicate_check: 1, duplicate_check_interval: 1_800 });
  });

  test("never sends what WeCom would cut", async () => {
    const error = await failure(open().sendMessage({ ...HELLO, content: "汉".repeat(683) }, never));
    expect(error.kind).toBe("content");
    await open().sendMessage({ ...HELLO, content: "汉".repeat(682) }, never);
    expect(wecom.sent().map((message) => message.cut)).toEqual([false]);
    expect(wecom.calls("message/send")).toHaveLength(1);
  });

  test.each(["@all", "a|b", "", "a b", "a/../b"])("never sends to %p", async (member) => {
    expect((await failure(open().sendMessage({ ...HELLO, member }, never))).kind).toBe("recipient");
    expect(wecom.calls()).toEqual([]);
  });

  test.each([
    [40001, "configuration", true],
    [40091, "configuration", true],
    [40013, "configuration", true],
    [48002, "configuration", true],
    [301002, "configuration", true],
    [60011, "configuration", false],
    [60020, "configuration", true],
    [81013, "recipient", false],
    [60111, "recipient", false],
    [40003, "recipient", false],
    [0, "recipient", false],
    [45002, "content", false],
    [40058, "content", false],
    [-1, "busy", false],
    [45009, "busy", true],
    [45033, "busy", true],
    [99999, "unknown", false],
  ] as const)("errcode %p is %s", async (code, kind, concernsEveryone) => {
    wecom.failNext(code);
    const error = await failure(open().sendMessage(HELLO, never));
    expect(error).toMatchObject({ kind, concernsEveryone, code: code === 0 ? 81013 : code });
    expect(wecom.sent()).toEqual([]);
  });

  test("60020 tells the address that must be trusted", async () => {
    wecom.failNext(60020);
    const error = await failure(open().sendMessage(HELLO, never));
    expect(error.ip).toBe("203.0.113.7");
    expect(error.message).toContain("“企业可信IP”中加入 203.0.113.7");
    wecom.failNext({ errcode: 60020, errmsg: "not allow, from ip: 2001:db8::1, more info" });
    expect((await failure(open().sendMessage(HELLO, never))).ip).toBe("2001:db8::1");
    wecom.failNext({ errcode: 60020, errmsg: "worded differently" });
    const plain = await failure(open().sendMessage(HELLO, never));
    expect(plain).toMatchObject({ kind: "configuration", ip: undefined });
  });

  test.each<Fault>(["http-500", "html", "hang", "reset", "deliver-then-hang"])(
    "%s is no answer",
    async (fault) => {
      wecom.failNext(fault);
      expect(await failure(open().sendMessage(HELLO, never))).toMatchObject({
        kind: "no-answer",
        code: undefined,
      });
    },
  );

  test("an address where nobody listens is no answer; an abort ends the wait", async () => {
    const gone = open({ apiBase: "http://127.0.0.1:1" });
    expect((await failure(gone.sendMessage(HELLO, never))).kind).toBe("no-answer");

    wecom.failNext("hang");
    const abort = new AbortController();
    const sending = failure(open({ answerTimeoutMs: 60_000 }).sendMessage(HELLO, abort.signal));
    await until(() => wecom.calls("message/send").length === 1);
    abort.abort();
    expect((await sending).kind).toBe("no-answer");
  });

  test("neither secret nor token is in any error", async () => {
    await open().sendMessage({ ...HELLO, content: "取得令牌" }, never);
    const token = (await redis.get(wecomKeys.token))?.split(":")[1] ?? "?";
    const echo = `${APP.secret} ${encodeURIComponent(APP.secret)} ${token}`;
    const errors: WecomApiError[] = [];
    wecom.failNext({ errcode: 99999, errmsg: echo });
    errors.push(await failure(open().sendMessage(HELLO, never)));
    for (const fault of ["reset", "hang", "html"] as const) {
      wecom.failNext(fault);
      errors.push(await failure(open().sendMessage(HELLO, never)));
      await redis.del(wecomKeys.token);
      wecom.failNext(fault, 1, { api: "gettoken" });
      errors.push(await failure(open().sendMessage(HELLO, never)));
    }
    errors.push(await failure(open({ apiBase: "http://127.0.0.1:1" }).sendMessage(HELLO, never)));
    for (const error of errors) {
      const shown = Bun.inspect(error, { depth: 10 }) + JSON.stringify(error) + String(error.cause);
      for (const secret of [APP.secret, encodeURIComponent(APP.secret), token])
        expect(shown).not.toContain(secret);
    }
  });
});

describe("access_token", () => {
  test("is fetched once and shared by gateways", async () => {
    await open().sendMessage(HELLO, never);
    await open().sendMessage({ ...HELLO, content: "再来" }, never);
    expect(wecom.calls("gettoken")).toHaveLength(1);
    expect(await redis.ttl(wecomKeys.token)).toBeWithin(6_800, 6_901);
  });

  test("many messages of two gateways at once make one gettoken call", async () => {
    const other = openRedis(server.url, "commands");
    try {
      const gateways = [open(), open({ redis: other })];
      const sends = gateways.flatMap((gateway, g) =>
        Array.from({ length: 10 }, (_, i) =>
          gateway.sendMessage({ ...HELLO, member: `user${g}-${i}` }, never),
        ),
      );
      await Promise.all(sends);
      expect(wecom.calls("gettoken")).toHaveLength(1);
      expect(wecom.sent()).toHaveLength(20);

      wecom.endToken("expired");
      await Promise.all(
        gateways.map((gateway, i) => gateway.sendMessage({ ...HELLO, member: `again${i}` }, never)),
      );
      expect(wecom.calls("gettoken")).toHaveLength(2);
    } finally {
      other.disconnect();
    }
  });

  test.each([
    ["expired", 42001],
    ["revoked", 40014],
  ] as const)("%s early (%p): fetched anew and the message sent once more", async (how, code) => {
    const api = open();
    await api.sendMessage(HELLO, never);
    wecom.endToken(how);
    await api.sendMessage({ ...HELLO, content: "第二条" }, never);
    expect(wecom.calls("message/send").map((call) => call.errcode)).toEqual([0, code, 0]);
    expect(wecom.calls("gettoken")).toHaveLength(2);
    expect(wecom.sent()).toHaveLength(2);
  });

  test.each([40014, 42001])("%p again after a fresh token is not tried a third time", async (code) => {
    wecom.failNext(code, 10);
    expect(await failure(open().sendMessage(HELLO, never))).toMatchObject({ kind: "busy", code });
    expect(wecom.calls("message/send")).toHaveLength(2);
  });

  test("dropping a token that was replaced meanwhile keeps the new one", async () => {
    // Two messages are refused with the old token at once: only one new token is fetched.
    const api = open();
    await api.sendMessage(HELLO, never);
    wecom.endToken("revoked");
    const two = ["甲", "乙"].map((content) => api.sendMessage({ ...HELLO, content }, never));
    await Promise.all(two);
    await api.sendMessage({ ...HELLO, content: "丙" }, never);
    expect(wecom.calls("gettoken")).toHaveLength(2);
  });

  test("a wrong secret or corp is a matter of configuration, and fails only once for all that wait", async () => {
    const wrong = open({ secret: "wrong" });
    const errors = await Promise.all([1, 2, 3].map(() => failure(wrong.sendMessage(HELLO, never))));
    expect(errors.map((error) => error.code)).toEqual([40001, 40001, 40001]);
    expect(wecom.calls("gettoken")).toHaveLength(1);
    const foreign = await failure(open({ corpId: "ww-other" }).sendMessage(HELLO, never));
    expect(foreign).toMatchObject({ kind: "configuration", code: 40013 });
    await open().sendMessage(HELLO, never);
    expect(wecom.sent()).toHaveLength(1);
  });

  test("after a change of the secret the old token is not used", async () => {
    await open().sendMessage(HELLO, never);
    expect((await failure(open({ secret: "wrong" }).sendMessage(HELLO, never))).code).toBe(40001);
  });

  test("a token that soon ends is kept for half of that", async () => {
    let now = Date.now();
    await wecom.stop();
    wecom = await startWecomApi({ ...APP, now: () => now });
    await open().sendMessage(HELLO, never);
    await redis.del(wecomKeys.token);
    now += 7_000_000;
    await open().sendMessage({ ...HELLO, content: "快到期了" }, never);
    expect(await redis.ttl(wecomKeys.token)).toBeWithin(95, 101);
    now += 300_000;
    await open().sendMessage({ ...HELLO, content: "已到期" }, never);
    expect(wecom.calls("gettoken")).toHaveLength(3);
  });

  test("a gateway that died while fetching is waited out", async () => {
    await redis.set(wecomKeys.tokenLease, "dead", "PX", 300);
    await open().sendMessage(HELLO, never);
    expect(wecom.sent()).toHaveLength(1);
  });
});
