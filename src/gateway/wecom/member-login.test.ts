import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { type Fault, startWecomApi, type WecomApiStandIn } from "../../../dev/wecom-api.ts";
import { callerOf } from "../../../test/caller.ts";
import { type GatewaysOnRedis, log, startGatewayParts } from "../../../test/gateway-parts.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { IN_WECOM, openDevices } from "../users/devices.ts";
import { openSessionTokens } from "../users/session-token.ts";
import { openSessions, type Sessions } from "../users/sessions.ts";
import { openUsers } from "../users/users.ts";
import { openWecomApi } from "./api.ts";
import { openMemberLogin } from "./member-login.ts";

const APP = { corpId: "ww-corp", secret: "S3cret", agentId: 1000002 };
const JSCODE = { api: "miniprogram/jscode2session" };
const stopping = new AbortController();
let parts: GatewaysOnRedis;
let sessions: Sessions;
let wecom: WecomApiStandIn;

beforeAll(async () => {
  parts = await startGatewayParts();
  sessions = await openSessions({
    ...parts,
    devices: openDevices(parts),
    tokens: openSessionTokens("session-secret-for-tests-0123456789"),
    log,
    signal: stopping.signal,
  });
});
afterAll(async () => {
  stopping.abort();
  await parts.stop();
});
beforeEach(async () => {
  await parts.redis.flushall();
  wecom = await startWecomApi(APP);
});
afterEach(() => wecom.stop());

const users = () => openUsers(parts.redis, ["a1"]);
function loginAt(apiBase: string, change: Partial<typeof APP> = {}) {
  const api = openWecomApi({ redis: parts.redis, ...APP, ...change, apiBase, answerTimeoutMs: 1_000 });
  return openMemberLogin({ wecom: api, corpId: APP.corpId, users: users(), sessions, log });
}
const reasonFor = (code: string, login = loginAt(wecom.url)) =>
  login.wecomLogin(code, undefined).then(() => "signed in", reasonOf);

test("a code signs in its member: the user whose messages come by the callback, on a device of their own", async () => {
  const { token, user } = await loginAt(wecom.url).wecomLogin("member-zhangsan", "企业微信 · iPhone");
  expect(user.id).toBe(await users().identify("wecom", "zhangsan"));
  const caller = await callerOf(sessions, token);
  expect(caller.userId).toBe(user.id);
  const devices = await sessions.list(user.id, caller.deviceId);
  expect(devices).toMatchObject([{ name: "企业微信 · iPhone", channel: IN_WECOM, current: true }]);
  expect((await loginAt(wecom.url).wecomLogin("member-lisi", undefined)).user.id).not.toBe(user.id);
});

test("a bad code, and a member of another corp who has the same userid, are refused", async () => {
  expect(await reasonFor("guess")).toBe("sign-in-refused");
  const refused: unknown = await loginAt(wecom.url)
    .wecomLogin("stranger-zhangsan", undefined)
    .catch((error: unknown) => error);
  expect(reasonOf(refused)).toBe("sign-in-refused");
  expect((refused as Error).message).toContain("本企业");
});

test("a token that WeCom does not take any more is replaced, once", async () => {
  const login = loginAt(wecom.url);
  for (const how of ["expired", "revoked"] as const) {
    await login.wecomLogin("member-zhangsan", undefined);
    wecom.endToken(how);
    await login.wecomLogin("member-zhangsan", undefined);
  }
  expect(wecom.calls(JSCODE.api).map(({ errcode }) => errcode)).toEqual([0, 42001, 0, 0, 40014, 0]);
  wecom.failNext(42001, 5, JSCODE);
  expect(await reasonFor("member-zhangsan", login)).toBe("sign-in-unavailable");
  expect(wecom.calls(JSCODE.api)).toHaveLength(8);
});

const failures: [Fault, string][] = [
  [40029, "sign-in-refused"],
  [50002, "sign-in-refused"],
  [-1, "sign-in-unavailable"],
  [45009, "sign-in-unavailable"],
  [60020, "sign-in-unavailable"],
  [99999, "sign-in-unavailable"],
  // "ok", and nobody in it.
  [0, "sign-in-unavailable"],
  ["http-500", "sign-in-unavailable"],
  ["html", "sign-in-unavailable"],
  ["hang", "sign-in-unavailable"],
  ["reset", "sign-in-unavailable"],
];
test.each(failures)("when WeCom answers %p: %s", async (fault, reason) => {
  // A connection that is reset is tried again.
  wecom.failNext(fault, 5, JSCODE);
  expect(await reasonFor("member-zhangsan")).toBe(reason);
});

test("with a wrong secret, or a WeCom that is not there: unavailable; the refusal holds no secret", async () => {
  expect(await reasonFor("member-zhangsan", loginAt(wecom.url, { secret: "wrong" }))).toBe(
    "sign-in-unavailable",
  );
  const failed: unknown = await loginAt("http://127.0.0.1:1")
    .wecomLogin("member-zhangsan", undefined)
    .catch((error: unknown) => error);
  expect(reasonOf(failed)).toBe("sign-in-unavailable");
  expect(Bun.inspect(failed)).not.toContain(APP.secret);
});

test("without the WeCom channel it is off", async () => {
  const off = { wecom: undefined, corpId: undefined };
  const login = openMemberLogin({ ...off, users: users(), sessions, log });
  expect(await reasonFor("member-zhangsan", login)).toBe("sign-in-unavailable");
});
