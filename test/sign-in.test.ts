import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import { freePort } from "../dev/program.ts";
import { startWechatLogin } from "../dev/wechat-login.ts";
import type { UserRouter } from "../src/contract/user-api.ts";
import { openSessionTokens } from "../src/gateway/users/session-token.ts";
import { refused, refusedSubscription } from "./refused.ts";
import { APP, SESSION_SECRET, startSystem, type System, type UserClient } from "./system.ts";

const STORM_WINDOW_MS = 2_000;
const wechatPort = freePort();
let wechat = startWechatLogin({ ...APP, port: wechatPort });
let system: System;
let stranger: UserClient;

beforeAll(async () => {
  system = await startSystem({
    withoutAgent: true,
    gatewayEnv: { CLAW_MINIPROGRAM_API_BASE: `http://127.0.0.1:${wechatPort}` },
  });
  stranger = system.client("");
}, 60_000);
afterAll(async () => {
  await system.stop();
  await wechat.stop();
}, 30_000);

const login = (code: string) => stranger.api.auth.miniprogramLogin.mutate({ code });

describe("signing in", () => {
  test("with a good code: the same user each time, known to me.get", async () => {
    const [first, second] = [await login("user-anna"), await login("user-anna")];
    expect(second.user).toEqual(first.user);
    expect((await login("user-berta")).user.id).not.toBe(first.user.id);
    expect(await system.client(first.token).api.me.get.query()).toEqual(first.user);
    // Whatever WeChat told the gateway stays there.
    expect(JSON.stringify(first)).not.toContain("openid");
  });

  test("with a bad code: refused, in Chinese", async () => {
    const refusal = await refused(login("stolen"));
    expect(refusal).toMatchObject({ code: "UNAUTHORIZED", reason: "sign-in-refused" });
    expect(refusal.message).toMatch(/\p{Script=Han}/u);
  });

  test.each(["", "x".repeat(513)])("with a code that cannot be one: refused", async (code) => {
    expect((await refused(login(code))).code).toBe("BAD_REQUEST");
  });

  test("while WeChat does not answer: unavailable; and again when it does", async () => {
    await wechat.stop();
    expect(await refused(login("user-anna"))).toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      reason: "sign-in-unavailable",
    });
    wechat = startWechatLogin({ ...APP, secret: "changed", port: wechatPort });
    expect(await refused(login("user-anna"))).toMatchObject({ reason: "sign-in-unavailable" });
    await wechat.stop();
    wechat = startWechatLogin({ ...APP, port: wechatPort });
    expect((await login("user-anna")).token).toBeString();
  });
});

const NOBODY = { userId: "u-gone", deviceId: crypto.randomUUID() };
const tokens: [string, string, () => Promise<string>][] = [
  [
    "a forged token",
    "not-signed-in",
    () => openSessionTokens("another-secret-0123456789012345").issue(NOBODY),
  ],
  ["a token without a signature", "not-signed-in", () => Promise.resolve(unsigned())],
  ["a token of a device that was removed", "device-removed", removed],
  ["a token for nobody", "not-signed-in", () => openSessionTokens(SESSION_SECRET).issue(NOBODY)],
  ["no token at all", "not-signed-in", () => Promise.resolve("")],
];

describe("a caller", () => {
  test.each(tokens)("with %s is refused over HTTP: %s", async (_, reason, make) => {
    const { api } = system.client(await make());
    const refusal = await refused(api.me.get.query());
    expect(refusal).toMatchObject({ code: "UNAUTHORIZED", reason });
    expect(refusal.message).toMatch(/\p{Script=Han}/u);
  });

  test("without a token is refused everything but signing in", async () => {
    const { api } = stranger;
    const conversationId = "a1.c";
    for (const call of [
      api.agent.list.query(),
      api.chat.send.mutate({ text: "你好", idempotencyKey: "k" }),
      api.chat.conversations.query(),
      api.chat.history.query({ conversationId }),
    ]) {
      expect(await refused(call)).toMatchObject({ reason: "not-signed-in" });
    }
    for (const subscription of [
      refusedSubscription((handlers) => api.feed.subscribe(undefined, handlers)),
      refusedSubscription((handlers) => api.job.events.subscribe({ jobId: "a1.j" }, handlers)),
    ]) {
      expect(await subscription).toMatchObject({ code: "UNAUTHORIZED", reason: "not-signed-in" });
    }
  });
});

describe.concurrent("a caller on a WebSocket", () => {
  test.each(tokens.slice(0, 3))(
    "with %s is refused each call, and makes no storm",
    async (_, reason, make) => {
      const token = await make();
      let connections = 0;
      // The client's own pauses between connections, as the mini-program has them.
      const socket = createWSClient({
        url: `${system.gatewayUrl.replace("http", "ws")}/trpc`,
        connectionParams: () => ({ token }),
        WebSocket: class extends WebSocket {
          constructor(url: string | URL) {
            super(url);
            this.addEventListener("open", () => connections++);
          }
        },
      });
      const api = createTRPCClient<UserRouter>({ links: [wsLink({ client: socket })] });
      const refusal = await refusedSubscription((handlers) => api.feed.subscribe(undefined, handlers));
      expect(refusal).toMatchObject({ code: "UNAUTHORIZED", reason });
      await Bun.sleep(STORM_WINDOW_MS);
      await socket.close();
      expect(connections).toBe(1);
    },
  );
});

async function removed(): Promise<string> {
  const { token } = await login("user-carla");
  const { api } = system.client(token);
  const id = (await api.me.devices.query()).find(({ current }) => current)?.id ?? "";
  await api.me.revokeDevice.mutate({ id });
  return token;
}

/** `alg: none`, the oldest trick. */
function unsigned(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  return `${part({ alg: "none", typ: "JWT" })}.${part({ sub: "u1", did: NOBODY.deviceId, iat: now })}.`;
}
