import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startProgram, untilReady } from "../../../dev/program.ts";
import { startWechatLogin, type WechatLogin } from "../../../dev/wechat-login.ts";
import { startWecomApi, type WecomApiStandIn } from "../../../dev/wecom-api.ts";
import { openTestAuthority } from "../../../test/test-certificates.ts";
import { runDoctor, runDoctorText } from "../../doctor/run-for-tests.ts";

const GATEWAY = "src/gateway/main.ts";
const CORP = { corpId: "ww1", secret: "secret/of the+app", agentId: 1000002 };
const APP = { appId: "wx1", secret: "secret-of-the-mini-program" };
const AGENT_KEY = "agent-key-0123456789abcdef0123";

let dir: string;
let wecom: WecomApiStandIn;
let wechat: WechatLogin;
/** Does TLS in front of the gateway, with a certificate of an authority that the public does not know. */
let proxy: Bun.Server<undefined>;
let env: Record<string, string>;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "claw-自检 "));
  wecom = await startWecomApi(CORP);
  wechat = startWechatLogin(APP);
  const { chainText: cert, keyText: key } = await (await openTestAuthority(dir)).issue("proxy");
  const tls = { cert, key };
  proxy = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch: () => new Response() });
  env = {
    CLAW_SERVER_HOST: "127.0.0.1",
    CLAW_SERVER_PORT: String(freePort()),
    CLAW_SERVER_PUBLIC_URL: `https://127.0.0.1:${proxy.port}`,
    CLAW_DATA_DIR: join(dir, "data"),
    CLAW_AUTH_SESSION_SECRET: "session-secret-0123456789abcdef0123456789",
    CLAW_AGENTS: `a1:${AGENT_KEY}`,
    CLAW_WECOM_CORP_ID: CORP.corpId,
    CLAW_WECOM_AGENT_ID: String(CORP.agentId),
    CLAW_WECOM_SECRET: CORP.secret,
    CLAW_WECOM_TOKEN: "callback-token",
    CLAW_WECOM_AES_KEY: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    CLAW_WECOM_API_BASE: wecom.url,
    CLAW_MINIPROGRAM_APP_ID: APP.appId,
    CLAW_MINIPROGRAM_SECRET: APP.secret,
    CLAW_MINIPROGRAM_API_BASE: wechat.url,
  };
  mkdirSync(env["CLAW_DATA_DIR"] ?? "");
});
afterAll(async () => {
  await Promise.all([wecom.stop(), wechat.stop(), proxy.stop(true)]);
  rmSync(dir, { recursive: true, force: true });
});

test("all is well, but for who issued the certificate: every check says so, exit code 0, nothing is left behind", async () => {
  const { code, report } = await runDoctor(GATEWAY, env);
  const wrong = report.findings.filter(({ level }) => level !== "ok");
  expect(wrong.map(({ check, level }) => [check, level])).toEqual([["certificate.chain", "warning"]]);
  expect(report.findings.map(({ check }) => check)).toEqual([
    "system",
    "config",
    "data-folder",
    "disk",
    "port",
    "public-url",
    "certificate.files",
    "certificate.chain",
    "certificate.host",
    "certificate.dates",
    "agents",
    "session-secret",
    "clock",
    "redis",
    "wecom",
    "wechat",
  ]);
  expect(report).toMatchObject({ ok: true, program: "claw-gateway" });
  expect(code).toBe(0);
  expect(readdirSync(join(dir, "data"))).toEqual([]);
});

test("channels that are off are no problem; for people there is text with marks, and what it comes to", async () => {
  const off = Object.fromEntries(Object.entries(env).filter(([name]) => !/WECOM|MINIPROGRAM/.test(name)));
  const { code, output } = await runDoctorText(GATEWAY, {
    ...off,
    CLAW_SERVER_PUBLIC_URL: "http://claw.example",
    // WeCom itself would be asked for its time.
    HTTPS_PROXY: `http://127.0.0.1:${freePort()}`,
  });
  expect(code).toBe(0);
  expect(output).toMatch(/^✔ \[正常\] 企业微信：没有启用/m);
  expect(output).toMatch(/^✔ \[正常\] 微信小程序：没有启用/m);
  expect(output).toMatch(/^! \[注意\] 公网地址：.*不是 https.*\n {9}怎么办：/m);
  expect(output).toMatch(/^! \[注意\] 系统时间：无法与企业微信服务器的时间比较：连接被拒绝/m);
  expect(output).toMatch(/^共 \d+ 项：.*2 项需要注意，0 项失败/m);
});

describe("a configuration that is wrong", () => {
  test("each problem is a finding, and the rest is not done", async () => {
    const file = join(dir, "gateway.toml");
    writeFileSync(file, `agents = ["a1"]\n[server]\nprot = 1\n[auth]\nsession_secret = "SECRET-0123456789"`);
    const { code, report, of, one } = await runDoctor(GATEWAY, { CLAW_SERVER_PORT: "99999" }, [
      "--config",
      file,
    ]);
    expect(code).toBe(1);
    expect(report.ok).toBe(false);
    expect(of("config").map(({ message }) => message.split("：")[0])).toEqual([
      "server.prot",
      "server.port",
      "agents",
    ]);
    expect(of("config")[0]?.advice).toContain(file);
    expect(one("skipped").level).toBe("warning");
    expect(one("system").level).toBe("ok");
    expect(JSON.stringify(report)).not.toContain("SECRET");
  });

  test("none at all: init makes one", async () => {
    const { code, of } = await runDoctor(GATEWAY, {});
    expect(code).toBe(1);
    expect(of("config")[0]?.advice).toContain("claw-gateway init");
  });
});

test("many things wrong at once: each is found", async () => {
  const taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json({ ok: true }) });
  const notFolder = join(dir, "a-file");
  writeFileSync(notFolder, "");
  const { code, one, of } = await runDoctor(GATEWAY, {
    ...env,
    CLAW_SERVER_PORT: String(taken.port),
    CLAW_DATA_DIR: join(notFolder, "data"),
    CLAW_SERVER_TLS_CERT: "missing.pem",
    CLAW_SERVER_TLS_KEY: "missing-key.pem",
    CLAW_AUTH_SESSION_SECRET: "a-short-secret",
    CLAW_AGENTS: "a1:a-short-key",
    CLAW_WECOM_SECRET: "a/wrong secret",
    CLAW_MINIPROGRAM_SECRET: "another-wrong-secret",
  });
  await taken.stop(true);
  expect(code).toBe(1);
  expect(one("port")).toMatchObject({ level: "failed", message: expect.stringContaining("占用") as string });
  expect(one("data-folder").level).toBe("failed");
  expect(one("redis").level).toBe("failed");
  expect(of("certificate.files")[0]?.message).toContain("missing.pem");
  expect(one("session-secret").level).toBe("warning");
  expect(one("agents").level).toBe("warning");
  expect(one("wecom")).toMatchObject({
    level: "failed",
    advice: expect.stringContaining("wecom.secret") as string,
  });
  expect(one("wechat").message).toContain("40125");
});

test("WeCom does not trust our address: it is named", async () => {
  wecom.failNext(60020, 1, { api: "agent/get" });
  const { code, one } = await runDoctor(GATEWAY, env);
  expect(code).toBe(1);
  const { level, message, advice } = one("wecom");
  expect(level).toBe("failed");
  expect(message).toContain("203.0.113.7");
  expect(advice).toContain("加入 203.0.113.7");
});

test("a gateway that runs already is left in peace", async () => {
  const running = startProgram({ entry: GATEWAY, env });
  const port = env["CLAW_SERVER_PORT"] ?? "";
  try {
    await untilReady(`http://127.0.0.1:${port}/readyz`, running);
    const runFile = join(dir, "data", "redis", "run.json");
    const before = readFileSync(runFile, "utf8");
    const { code, one } = await runDoctor(GATEWAY, env);
    expect(code).toBe(0);
    expect(one("port").message).toContain("正在运行");
    expect(one("redis").level).toBe("ok");
    expect(readFileSync(runFile, "utf8")).toBe(before);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  } finally {
    expect(await running.stop()).toBe(0);
  }
  expect(running.output()).not.toContain("Redis 意外停止");
});
