import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../dev/program.ts";
import type { Report } from "../../src/doctor/doctor-command.ts";
import { BUILD_TIMEOUT_MS, PROGRAMS } from "./executables.ts";
import { processesFrom } from "./processes.ts";
import { openSite, type Site } from "./site.ts";

let site: Site;
let gateway: Program;
let agent: Program;

beforeAll(async () => {
  site = await openSite();
}, BUILD_TIMEOUT_MS);
afterAll(() => site.stop());

// It has a .env, a bunfig.toml, packages and configurations, each of which would break what follows.
test("a program that reads the working directory falls into its traps", () => {
  const { exitCode } = Bun.spawnSync([process.execPath, "-e", "1"], { cwd: join(site.root, "traps") });
  expect(exitCode).toBe(99);
});

test("init writes one file, beside the executable, and overwrites nothing", async () => {
  for (const name of PROGRAMS) {
    const { folder } = site[name];
    expect(readdirSync(folder).toSorted()).toEqual([`${name}.toml`, `claw-${name}`].toSorted());
    expect(statSync(join(folder, `${name}.toml`)).mode & 0o777).toBe(0o600);
  }
  expect([site.gatewayInit.code, site.agentInit.code]).toEqual([0, 0]);
  const before = site.gateway.read("gateway.toml");
  const { code, output } = await site.gateway.run(["init"]);
  expect({ code, output }).toMatchObject({ code: 1 });
  expect(output).toContain(`${join(site.gateway.folder, "gateway.toml")} 已经存在`);
  expect(site.gateway.read("gateway.toml")).toBe(before);
});

test("before anything serves, the gateway's doctor finds nothing wrong, Redis and WeCom included", async () => {
  const report = await doctorReport("gateway");
  const level = (check: string) => report.findings.find((finding) => finding.check === check)?.level;
  expect(report).toMatchObject({ ok: true, program: "claw-gateway" });
  expect([level("config"), level("redis"), level("wecom")]).toEqual(["ok", "ok", "ok"]);
  expect(processesFrom(site.root)).toEqual([]);
});

test("both serve with what init and the administrator have written, and a WeCom message is answered", async () => {
  gateway = await site.startGateway(["--log-files"]);
  expect((await doctorReport("agent")).ok).toBe(true);
  agent = await site.startAgent();
  expect(gateway.output()).toContain("网关已启动");
  expect(agent.output()).toContain("已连接到网关");
  await site.ask("zhangsan", "你好，两个文件");
  expect(await site.answersTo("zhangsan", "你好，两个文件")).toHaveLength(1);
});

test("Redis is the one inside the executable, run from the data folder", () => {
  const bin = join(site.gateway.folder, "data", "bin");
  const programs = processesFrom(site.root).map(({ exe }) => exe);
  expect(programs).toHaveLength(3);
  expect(programs.filter((exe) => exe.startsWith(bin) && exe.endsWith("/redis-server"))).toHaveLength(1);
});

test.each([...PROGRAMS])("claw-%s doctor finds nothing wrong while it serves", async (name) => {
  const { code, output } = await site[name].run(["doctor"]);
  expect(output).not.toContain("[失败]");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain(`${join(site[name].folder, `${name}.toml`)} 没有错误`);
});

describe("when another program has the port", () => {
  let other: Bun.Server<undefined>;
  beforeAll(() => {
    other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("other") });
  });
  afterAll(() => other.stop(true));

  const taken = () => ({ CLAW_SERVER_HOST: "127.0.0.1", CLAW_SERVER_PORT: String(other.port) });

  test("doctor says what to do", async () => {
    const { code, output } = await site.gateway.run(["doctor"], taken());
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toMatch(/\[失败\] 端口.*\n +怎么办/);
    const json = await site.gateway.run(["doctor", "--json"], taken());
    expect(json.code).toBe(1);
    expect(JSON.parse(json.output)).toMatchObject({ ok: false });
  });

  test("the gateway does not start, and says why", async () => {
    const env = { ...taken(), CLAW_DATA_DIR: join(site.root, "data of another") };
    const { code, output } = await site.gateway.run([], env);
    expect(code).toBeGreaterThan(0);
    expect(output).toContain("端口已被占用");
    expect(processesFrom(join(site.root, "data of another"))).toEqual([]);
  });
});

test("asked to stop, both end cleanly, and so does Redis", async () => {
  expect(await agent.stop()).toBe(0);
  expect(await gateway.stop()).toBe(0);
  expect(agent.output()).toContain("智能体已停止");
  await site.stopPrograms();
});

describe("the log file", () => {
  const lines = () => site.gateway.read("data/logs/gateway.log").trim().split("\n");

  test("has what the gateway has said, from its start to its end", () => {
    expect(lines()[0]).toContain("Redis 已启动");
    expect(lines().join("\n")).toContain("网关已启动");
    expect(lines().at(-1)).toContain("网关已停止");
    // Only where it was asked for.
    expect(existsSync(join(site.agent.folder, "data", "logs"))).toBe(false);
  });

  test("has a JSON object a line with --log-json, as the output has", async () => {
    const before = lines().length;
    const program = await site.startGateway(["--log-files", "--log-json"]);
    expect(await program.stop()).toBe(0);
    for (const part of [lines().slice(before), program.output().trim().split("\n")]) {
      const messages = part.map((line) => (JSON.parse(line) as { message: string }).message);
      expect(messages).toContain("网关已启动");
      expect(messages.at(-1)).toBe("网关已停止");
    }
  });
});

async function doctorReport(name: "gateway" | "agent"): Promise<Report> {
  const { code, output } = await site[name].run(["doctor", "--json"]);
  expect({ code, output }).toMatchObject({ code: 0 });
  return JSON.parse(output) as Report;
}
