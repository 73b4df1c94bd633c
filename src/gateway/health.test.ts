import { expect, test } from "bun:test";
import { type ChannelHealth, healthRoutes } from "./health.ts";

const PROBLEM = { code: 60020, message: "加入可信 IP", ip: "203.0.113.7", at: 1 };

async function readyz(
  given: {
    ping?: () => Promise<unknown>;
    channels?: Record<string, ChannelHealth>;
    isDraining?: boolean;
  } = {},
) {
  const { ping = () => Promise.resolve("PONG"), channels = {}, isDraining = false } = given;
  const app = healthRoutes({
    redis: { ping },
    links: { presence: (id) => Promise.resolve({ id, online: id === "a2" }) },
    agentIds: ["a1", "a2"],
    channels,
    draining: () => isDraining,
  });
  expect(await (await app.request("/healthz")).json()).toEqual({ ok: true });
  const response = await app.request("/readyz");
  return { status: response.status, state: await response.json() };
}

test("ready: tells of the agents, of each channel's problem and of what it has given up", async () => {
  const agents = { connected: 1, configured: 2, online: ["a2"] };
  const ready = { ready: true, redis: "ok", agents };
  expect(await readyz()).toEqual({ status: 200, state: { ...ready, channels: {}, deadLetters: {} } });

  const well = { problem: () => Promise.resolve(null), deadLetters: () => Promise.resolve({ count: 0 }) };
  const ailing = {
    problem: () => Promise.resolve(PROBLEM),
    deadLetters: () => Promise.resolve({ count: 2, newest: { at: 7, code: 81013 } }),
  };
  expect(await readyz({ channels: { well, ailing } })).toEqual({
    status: 200,
    state: {
      ...ready,
      channels: { well: null, ailing: PROBLEM },
      deadLetters: { well: { count: 0 }, ailing: { count: 2, newest: { at: 7, code: 81013 } } },
    },
  });
});

test("not ready while it stops", async () => {
  const state = { ready: false, redis: "ok", reason: "正在停止" };
  expect(await readyz({ isDraining: true })).toEqual({ status: 503, state });
});

test("not ready when Redis refuses, or says nothing, and that is told in time", async () => {
  const down = { status: 503, state: { ready: false, redis: "down", reason: "Redis 没有应答" } };
  const refuses = () => Promise.reject(new Error("connection is closed"));
  expect(await readyz({ ping: refuses })).toEqual(down);
  const never = () => Promise.withResolvers<never>().promise;
  const channels = { stuck: { problem: never, deadLetters: never } };
  expect(await Promise.all([readyz({ ping: never }), readyz({ channels })])).toEqual([down, down]);
});
