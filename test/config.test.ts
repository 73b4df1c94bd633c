import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startProgram, untilReady } from "../dev/program.ts";
import type { Env } from "./system.ts";

const GATEWAY = "src/gateway/main.ts";
const AGENT = "src/agent/main.ts";
/** All that a gateway needs. */
const GATEWAY_ENV: Env = {
  CLAW_SERVER_HOST: "127.0.0.1",
  CLAW_AUTH_SESSION_SECRET: "TOP-SECRET-session-0123456789",
  CLAW_AGENTS: "a1:TOP-SECRET-agent-key",
};
let dir: string;
let files = 0;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-配置 "));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A configuration file in a folder of its own. */
function configFile(toml: string): string {
  const folder = join(dir, String(++files));
  mkdirSync(folder);
  const file = join(folder, "claw.toml");
  writeFileSync(file, toml);
  return file;
}

/** Starts a program that is expected to end by itself. */
async function failing(entry: string, env: Env, args: readonly string[] = []) {
  const program = startProgram({
    entry,
    env: { CLAW_DATA_DIR: join(dir, "unused"), ...env },
    args,
    cwd: dir,
  });
  const code = await program.exited;
  return { code, output: program.output() };
}

describe("a configuration that is wrong", () => {
  test.each<[string, string, Env, string[]]>([
    ["the gateway: none", GATEWAY, {}, ["auth.session_secret", "agents"]],
    ["the agent: none", AGENT, {}, ["agent.id", "agent.key"]],
    [
      "the gateway: values",
      GATEWAY,
      {
        ...GATEWAY_ENV,
        CLAW_SERVER_PORT: "99999",
        CLAW_SERVER_PUBLIC_URL: "pactgo.cn",
        CLAW_REDIS_URL: "mysql://:TOP-SECRET@127.0.0.1",
        CLAW_SERVER_TLS_CERT: "cert.pem",
        CLAW_AGENTS: "a1:TOP-SECRET-1,a1:TOP-SECRET-2,a b:TOP-SECRET-3,TOP-SECRET-4",
      },
      ["server.port", "server.public_url", "redis.url", "server.tls_key", "agents", "agents", "agents"],
    ],
    [
      "the gateway: a half-filled channel",
      GATEWAY,
      { ...GATEWAY_ENV, CLAW_WECOM_SECRET: "TOP-SECRET", CLAW_MINIPROGRAM_APP_ID: "wx1" },
      ["wecom.corp_id", "wecom.agent_id", "wecom.token", "wecom.aes_key", "miniprogram.secret"],
    ],
    [
      "the gateway: WeCom's values",
      GATEWAY,
      {
        ...GATEWAY_ENV,
        CLAW_WECOM_CORP_ID: "ww1",
        CLAW_WECOM_AGENT_ID: "app",
        CLAW_WECOM_SECRET: "TOP-SECRET",
        CLAW_WECOM_TOKEN: "TOP-SECRET",
        CLAW_WECOM_AES_KEY: "TOP-SECRET-too-short",
      },
      ["wecom.agent_id", "wecom.aes_key"],
    ],
    [
      "the agent: values",
      AGENT,
      {
        CLAW_AGENT_ID: "智能体",
        CLAW_AGENT_KEY: "TOP-SECRET",
        CLAW_GATEWAY_URL: "https://pactgo.cn/link",
        CLAW_LMSTUDIO_BASE_URL: "127.0.0.1:1234",
        CLAW_AGENT_SLOTS: "many",
        CLAW_ADMIN_PORT: "-1",
      },
      ["gateway.url", "agent.id", "agent.slots", "lmstudio.base_url", "admin.port"],
    ],
  ])("%s: every key in one error, exit code 2, no secret", async (_, entry, env, keys) => {
    const { code, output } = await failing(entry, env);
    expect(code).toBe(2);
    const named = [...output.matchAll(/^ {2}- ([^：]+)：.*\p{Script=Han}/gmu)].map(([, key]) => key);
    expect(named).toEqual(keys);
    expect(output).not.toContain("TOP-SECRET");
    expect(output.match(/配置有误/g)).toHaveLength(1);
  });

  test("a key that does not exist, and a value of the wrong kind", async () => {
    const file = configFile(`
      data_dir = "data"
      agents = ["a1:TOP-SECRET"]
      [server]
      port = { number = 1 }
      prot = 8080
      [auth]
      session_secret = "TOP-SECRET"
      [wecom]
      corpid = "ww1"`);
    const { code, output } = await failing(GATEWAY, {}, ["--config", file]);
    expect(code).toBe(2);
    for (const key of ["server.prot", "server.port.number", "wecom.corpid"])
      expect(output).toContain(`- ${key}：`);
    expect(output).toContain(file);
    expect(output).not.toContain("TOP-SECRET");
  });

  test("a file that is not TOML", async () => {
    const file = configFile(`[auth]\nsession_secret = "TOP-SECRET\nagents = `);
    const { code, output } = await failing(GATEWAY, GATEWAY_ENV, ["--config", file]);
    expect(code).toBe(2);
    expect(output).toContain("不是有效的 TOML");
    expect(output).not.toContain("TOP-SECRET");
  });

  test.each([{ args: ["--config", "missing.toml"] }, { args: ["--config"] }])(
    "a file that is not there: %j",
    async ({ args }) => {
      const { code, output } = await failing(
        AGENT,
        { CLAW_AGENT_ID: "a1", CLAW_AGENT_KEY: "TOP-SECRET" },
        args,
      );
      expect(code).toBe(2);
      expect(output).toContain("--config");
      expect(output).not.toContain("TOP-SECRET");
    },
  );
});

describe("a configuration file", () => {
  test("is read with its paths relative to it, and the environment wins", async () => {
    const [port, otherPort] = [freePort(), freePort()];
    const file = configFile(`
      data_dir = "daten"
      agents = ["a1:TOP-SECRET-agent", "a2:TOP-SECRET-other"]
      [server]
      host = "127.0.0.1"
      port = ${otherPort}
      [auth]
      session_secret = "TOP-SECRET-session"`);
    const env = { CLAW_SERVER_PORT: String(port) };
    const program = startProgram({ entry: GATEWAY, env, args: ["--config", file], cwd: tmpdir() });
    try {
      await untilReady(`http://127.0.0.1:${port}/readyz`, program);
      const state: unknown = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json();
      expect(state).toMatchObject({ agents: { configured: 2 } });
      expect(existsSync(join(file, "..", "daten", "redis"))).toBe(true);
    } finally {
      expect(await program.stop()).toBe(0);
    }
    expect(program.output()).not.toContain("TOP-SECRET");
  });
});

describe("a port that is in use", () => {
  /** A redis-server that leaves its process id behind. */
  function traceableRedis(): { path: string; pid(): number } {
    const path = join(dir, "redis-server.sh");
    writeFileSync(path, `#!/bin/sh\necho $$ > "${path}.pid"\nexec redis-server "$@"\n`);
    chmodSync(path, 0o755);
    return { path, pid: () => Number(readFileSync(`${path}.pid`, "utf8")) };
  }

  test.each([GATEWAY, AGENT])("%s: says so and ends, leaving nothing behind", async (entry) => {
    const taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const redis = traceableRedis();
    const { code, output } = await failing(entry, {
      ...GATEWAY_ENV,
      CLAW_SERVER_PORT: String(taken.port),
      CLAW_REDIS_SERVER_PATH: redis.path,
      CLAW_AGENT_ID: "a1",
      CLAW_AGENT_KEY: "TOP-SECRET",
      CLAW_ADMIN_PORT: String(taken.port),
      CLAW_DATA_DIR: join(dir, "port-in-use"),
    });
    await taken.stop(true);
    expect(code).toBeGreaterThan(0);
    expect(output).toContain(String(taken.port));
    expect(output).toMatch(/端口.*(占用|使用)/);
    expect(output).not.toContain("TOP-SECRET");
    // No stack of ours: it helps nobody who has to mend this.
    expect(output).not.toMatch(/\n\s+at /);
    if (entry === GATEWAY) expect(() => process.kill(redis.pid(), 0)).toThrow("ESRCH");
  });
});
