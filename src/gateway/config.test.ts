import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../config.ts";
import { readGatewayConfig } from "./config.ts";

const ENV = {
  CLAW_AUTH_SESSION_SECRET: "session-secret-for-tests",
  CLAW_AGENTS: "a1:key-one, a2:key:with:colons",
};
const WECOM = {
  CLAW_WECOM_CORP_ID: "ww1",
  CLAW_WECOM_AGENT_ID: "1000002",
  CLAW_WECOM_SECRET: "wecom-secret",
  CLAW_WECOM_TOKEN: "token",
  CLAW_WECOM_AES_KEY: "a".repeat(43),
};
// Not the one that a developer may have in the working directory.
const dir = mkdtempSync(join(tmpdir(), "claw-config-"));
const emptyFile = join(dir, "empty.toml");
writeFileSync(emptyFile, "");
process.once("exit", () => rmSync(dir, { recursive: true, force: true }));

const outside = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in outside)) delete process.env[name];
  Object.assign(process.env, outside);
});

function read(env: Record<string, string>) {
  for (const name of Object.keys(process.env)) if (name.startsWith("CLAW_")) delete process.env[name];
  Object.assign(process.env, env);
  return readGatewayConfig(emptyFile);
}

function problems(env: Record<string, string>): ConfigError {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}
const wrongKeys = (env: Record<string, string>) => problems(env).problems.map(({ key }) => key);

test("with the two secrets it serves plain, with its own Redis and without channels", () => {
  const config = read(ENV);
  expect(config).toMatchObject({ port: 443, tls: undefined, wecom: undefined, miniprogram: undefined });
  expect(config.redis.url).toBe("");
  expect([...config.agents]).toEqual([
    ["a1", "key-one"],
    ["a2", "key:with:colons"],
  ]);
});

test("without its secrets it does not start", () => {
  expect(wrongKeys({})).toEqual(["auth.session_secret", "agents"]);
});

test.each([",", " , ,"])("a list of agents that names none (%j) is wrong, and said to be so once", (list) => {
  const error = problems({ ...ENV, CLAW_AGENTS: list });
  expect(error.problems.map(({ key }) => key)).toEqual(["agents"]);
  expect(error.exitCode).toBe(2);
});

test("how long work may wait and be silent is given in hours and minutes", () => {
  const { tasks } = read({ ...ENV, CLAW_TASKS_QUEUE_HOURS: "2", CLAW_TASKS_SILENCE_MINUTES: "3" });
  expect(tasks).toMatchObject({ queueMs: 2 * 3_600_000, silenceMs: 3 * 60_000 });
  expect(wrongKeys({ ...ENV, CLAW_TASKS_QUEUE_HOURS: "0", CLAW_TASKS_SILENCE_MINUTES: "1441" })).toEqual([
    "tasks.queue_hours",
    "tasks.silence_minutes",
  ]);
});

test("a channel is whole or off", () => {
  expect(read({ ...ENV, ...WECOM }).wecom).toMatchObject({ corpId: "ww1", agentId: "1000002" });
  const { CLAW_WECOM_TOKEN: _, ...half } = WECOM;
  expect(wrongKeys({ ...ENV, ...half })).toEqual(["wecom.token"]);
  expect(wrongKeys({ ...ENV, CLAW_MINIPROGRAM_APP_ID: "wx1" })).toEqual(["miniprogram.secret"]);
  expect(
    wrongKeys({ ...ENV, ...WECOM, CLAW_WECOM_AES_KEY: "a".repeat(42), CLAW_WECOM_AGENT_ID: "x" }),
  ).toEqual(["wecom.agent_id", "wecom.aes_key"]);
});

test("a certificate needs its key", () => {
  expect(wrongKeys({ ...ENV, CLAW_SERVER_TLS_CERT: "cert.pem" })).toEqual(["server.tls_key"]);
  expect(wrongKeys({ ...ENV, CLAW_SERVER_TLS_KEY: "key.pem" })).toEqual(["server.tls_cert"]);
});

test("a wrong agent is named, but never its key", () => {
  const error = problems({ ...ENV, CLAW_AGENTS: "a1:key-1234,坏:key-1234,key-1234,a1:key-1234" });
  expect(error.problems).toHaveLength(3);
  expect(error.message).not.toContain("key-1234");
});

test.each([
  "redis://127.0.0.1:6379/1",
  "rediss://:p%40ss@redis.example:6380",
  "redis+sentinel://:pw@10.0.0.1:26379,10.0.0.2:26379/shop",
  "redis+cluster://10.0.0.1:7000,10.0.0.2:7001,10.0.0.3:7002",
])("%s is an address of Redis", (url) => {
  expect(read({ ...ENV, CLAW_REDIS_URL: url }).redis.url).toBe(url);
});

test.each([
  "127.0.0.1:6379",
  "http://127.0.0.1",
  "redis://host:port",
  "redis+cluster://:@",
  "redis://a:1,b:2",
])("%s is none", (url) => {
  expect(wrongKeys({ ...ENV, CLAW_REDIS_URL: url })).toEqual(["redis.url"]);
});
