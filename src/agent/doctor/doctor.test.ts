import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startLmStudio } from "../../../dev/lm-studio.ts";
import { freePort } from "../../../dev/program.ts";
import { openTestAuthority, type TestAuthority } from "../../../test/test-certificates.ts";
import { startSystem, type System, until } from "../../../test/system.ts";
import { runDoctor, runDoctorText } from "../../doctor/run-for-tests.ts";

const AGENT = "src/agent/main.ts";
const START_TIMEOUT_MS = 30_000;

let system: System;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  system = await startSystem({ withoutAgent: true, model: { contextTokens: 16_384 } });
  env = system.env.agent;
}, START_TIMEOUT_MS);
afterAll(() => system.stop(), START_TIMEOUT_MS);

test("all is well: every check says so, and exit code 0", async () => {
  const { code, report, one } = await runDoctor(AGENT, env);
  expect(report.findings.filter(({ level }) => level !== "ok")).toEqual([]);
  expect(report.findings.map(({ check }) => check)).toEqual([
    "system",
    "config",
    "data-folder",
    "disk",
    "port",
    "clock",
    "gateway",
    "gateway.link",
    "model-server",
    "model",
    "model.context",
    "model.parallel",
  ]);
  expect(one("gateway.link").message).toContain("接受");
  expect(one("model.parallel").message).toContain("4");
  expect(code).toBe(0);
});

test("an agent that runs already is left in peace", async () => {
  await system.startAgent();
  const agent = system.agent();
  try {
    const { code, one } = await runDoctor(AGENT, env);
    expect(code).toBe(0);
    expect(one("port").message).toContain("正在运行");
    expect(one("gateway.link")).toMatchObject({
      level: "ok",
      message: expect.stringContaining("在线") as string,
    });

    const elsewhere = await runDoctor(AGENT, { ...env, CLAW_ADMIN_PORT: String(freePort()) });
    expect(elsewhere.one("gateway.link").level).toBe("warning");
    expect((await fetch(`${system.adminUrl}/readyz`)).status).toBe(200);
  } finally {
    await agent.stop();
  }
  expect(agent.output().match(/已连接到网关/g)).toHaveLength(1);
  expect(agent.output()).not.toContain("已断开");
  await until("the agent's id is free again", async () =>
    (await (await fetch(`${system.gatewayUrl}/readyz`)).text()).includes('"connected":0'),
  );
});

test("a wrong key, and no model server", async () => {
  const { code, output } = await runDoctorText(AGENT, {
    ...env,
    CLAW_AGENT_KEY: "not-the-key-of-it",
    CLAW_LMSTUDIO_BASE_URL: `http://127.0.0.1:${freePort()}`,
  });
  expect(code).toBe(1);
  expect(output).toMatch(/^✘ \[失败\] 网关的连接：网关不认编号 a1 或它的密钥\n {9}怎么办：.*agent\.key/m);
  expect(output).toMatch(/^✘ \[失败\] 模型服务：连不上模型服务.*\n {9}怎么办：/m);
  expect(output).toContain("2 项失败");
});

test("a configuration that is wrong", async () => {
  const { code, of, one } = await runDoctor(AGENT, { ...env, CLAW_GATEWAY_URL: "https://pactgo.cn/link" });
  expect(code).toBe(1);
  const failed = of("config").filter(({ level }) => level === "failed");
  expect(failed.map(({ message }) => message.split("：")[0])).toEqual(["gateway.url"]);
  expect(one("skipped").level).toBe("warning");
});

test("a model server with a key, without a loaded model, with less than is asked of it", async () => {
  const model = startLmStudio({ apiKey: "the-model-key", loaded: false });
  const at = { ...env, CLAW_LMSTUDIO_BASE_URL: `${model.url}/v1` };
  const refused = await runDoctor(AGENT, { ...at, CLAW_LMSTUDIO_API_KEY: "not-the-model-key" });
  const notLoaded = await runDoctor(AGENT, { ...at, CLAW_LMSTUDIO_API_KEY: "the-model-key" });
  await model.stop();
  expect(refused.one("model-server").message).toContain("密钥");
  expect(refused.code).toBe(1);
  expect(notLoaded.one("model-server").level).toBe("ok");
  expect(notLoaded.one("model")).toMatchObject({
    level: "warning",
    message: expect.stringContaining("没有加载") as string,
  });
});

describe("a gateway with a certificate of its own", () => {
  let url: string;
  let ca: TestAuthority;
  beforeAll(async () => {
    ca = await openTestAuthority(system.dir);
    const { cert, key } = await ca.issue("gateway");
    const port = freePort();
    url = `wss://127.0.0.1:${port}/link`;
    const program = system.launch("src/gateway/main.ts", {
      ...system.env.gateway,
      CLAW_SERVER_PORT: String(port),
      CLAW_DATA_DIR: join(system.dir, "secure"),
      CLAW_SERVER_TLS_CERT: cert,
      CLAW_SERVER_TLS_KEY: key,
    });
    await until("the gateway serves", () =>
      fetch(`https://127.0.0.1:${port}/healthz`, { tls: { ca: ca.ca } }).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    expect(program.output()).not.toContain("失败");
  }, START_TIMEOUT_MS);

  test("is trusted with it as gateway.ca", async () => {
    const { one } = await runDoctor(AGENT, { ...env, CLAW_GATEWAY_URL: url, CLAW_GATEWAY_CA: ca.caFile });
    expect(one("gateway.link").level).toBe("ok");
    expect(one("clock").level).toBe("ok");
  });

  test("not without it, nor by another name", async () => {
    const without = await runDoctor(AGENT, { ...env, CLAW_GATEWAY_URL: url });
    expect(without.one("gateway").message).toContain("不受信任");
    expect(without.one("gateway").advice).toContain("gateway.ca");
    expect(without.code).toBe(1);

    const byName = url.replace("127.0.0.1", "localhost");
    const other = await runDoctor(AGENT, { ...env, CLAW_GATEWAY_URL: byName, CLAW_GATEWAY_CA: ca.caFile });
    expect(other.one("gateway").message).toContain("主机名");
  });

  test("a gateway.ca that is not there", async () => {
    const missing = join(system.dir, "missing.pem");
    const { code, one } = await runDoctor(AGENT, { ...env, CLAW_GATEWAY_URL: url, CLAW_GATEWAY_CA: missing });
    expect(one("gateway.ca")).toMatchObject({
      level: "failed",
      message: expect.stringContaining(missing) as string,
    });
    expect(code).toBe(1);
  });
});
