import { afterAll, beforeAll, expect, test } from "bun:test";
import { startWechatLogin } from "../../../dev/wechat-login.ts";
import { callerOf } from "../../../test/caller.ts";
import { type GatewaysOnRedis, log, startGatewayParts } from "../../../test/gateway-parts.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { openDevices } from "../users/devices.ts";
import { openSessionTokens } from "../users/session-token.ts";
import { openSessions, type Sessions } from "../users/sessions.ts";
import { openUsers } from "../users/users.ts";
import { openMiniprogramLogin } from "./login.ts";

const APP = { appId: "wxtest", secret: "miniprogram-secret" };
const stopping = new AbortController();
let parts: GatewaysOnRedis;
let sessions: Sessions;
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

const loginAt = (apiBase: string, change: Partial<typeof APP> = {}) =>
  openMiniprogramLogin({
    config: { ...APP, ...change, apiBase },
    users: openUsers(parts.redis, []),
    sessions,
    log,
  });

/** A WeChat that answers every request in one way. */
async function reasonWhen(answer: () => Response | Promise<Response>) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  try {
    const signedIn = loginAt(`http://127.0.0.1:${server.port}`).miniprogramLogin("code", undefined);
    return await signedIn.then(() => "signed in", reasonOf);
  } finally {
    await server.stop(true);
  }
}

test("a code of WeChat's signs its user in; the same person is the same user", async () => {
  const wechat = startWechatLogin(APP);
  const login = loginAt(wechat.url);
  const [first, again, other] = [
    await login.miniprogramLogin("user-zhang", undefined),
    await login.miniprogramLogin("user-zhang", undefined),
    await login.miniprogramLogin("user-li", undefined),
  ];
  expect(again.user).toEqual(first.user);
  expect(other.user.id).not.toBe(first.user.id);
  expect((await callerOf(sessions, first.token)).userId).toBe(first.user.id);
  // Whoever reads a token must not learn who that is at WeChat.
  expect(Buffer.from(first.token, "base64").toString()).not.toContain("openid");

  expect(await login.miniprogramLogin("guess", undefined).catch(reasonOf)).toBe("sign-in-refused");
  const wrongSecret = loginAt(wechat.url, { secret: "wrong" }).miniprogramLogin("user-zhang", undefined);
  expect(await wrongSecret.catch(reasonOf)).toBe("sign-in-unavailable");
  await wechat.stop();
});

test("each sign-in is a device, by the name that it says of itself", async () => {
  const wechat = startWechatLogin(APP);
  const { user } = await loginAt(wechat.url).miniprogramLogin("user-wang", "iPhone 15");
  const { token } = await loginAt(wechat.url).miniprogramLogin("user-wang", undefined);
  const { deviceId } = await callerOf(sessions, token);
  const devices = await sessions.list(user.id, deviceId);
  expect(devices.map(({ name, channel, current }) => ({ name, channel, current }))).toEqual(
    expect.arrayContaining([
      { name: "iPhone 15", channel: "miniprogram", current: false },
      { name: undefined, channel: "miniprogram", current: true },
    ]),
  );
  await wechat.stop();
});

test("a code that is used up or bad is the user's to mend, all else is not", async () => {
  const error = (errcode: number) => () => Response.json({ errcode, errmsg: "x" });
  expect(await reasonWhen(error(40163))).toBe("sign-in-refused");
  expect(await reasonWhen(error(40226))).toBe("sign-in-refused");
  expect(await reasonWhen(error(-1))).toBe("sign-in-unavailable");
  expect(await reasonWhen(error(45011))).toBe("sign-in-unavailable");
});

test("a WeChat that talks nonsense, fails or is not there signs nobody in", async () => {
  expect(await reasonWhen(() => new Response("<html>", { status: 502 }))).toBe("sign-in-unavailable");
  expect(await reasonWhen(() => Response.json({}))).toBe("sign-in-unavailable");
  expect(await reasonWhen(() => Response.json({ openid: "" }))).toBe("sign-in-unavailable");
  expect(await reasonWhen(() => Response.json(null))).toBe("sign-in-unavailable");
  const nobody = loginAt("http://127.0.0.1:1").miniprogramLogin("code", undefined);
  expect(await nobody.catch(reasonOf)).toBe("sign-in-unavailable");
});

test("the refusal holds neither the secret nor the address", async () => {
  const failed: unknown = await loginAt("http://127.0.0.1:1")
    .miniprogramLogin("code", undefined)
    .catch((error: unknown) => error);
  expect(Bun.inspect(failed)).not.toContain(APP.secret);
});

test("without its configuration it is off", async () => {
  const login = openMiniprogramLogin({ config: undefined, users: openUsers(parts.redis, []), sessions, log });
  expect(await login.miniprogramLogin("user-zhang", undefined).catch(reasonOf)).toBe("sign-in-unavailable");
});
