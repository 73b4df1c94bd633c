import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json";
import { windowsRedis } from "../../dev/build/windows-redis.ts";
import type { Program } from "../../dev/program.ts";
import { until } from "../until.ts";
import { PROGRAMS } from "./executables.ts";
import { openSite, type Site } from "./site.ts";

let site: Site;

beforeAll(async () => {
  site = await openSite();
}, 120_000);
afterAll(() => site.stop(), 60_000);

describe.each(PROGRAMS)("claw-%s", (name) => {
  test("--version tells what it is", async () => {
    const { code, output } = await site[name].run(["--version"]);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain(`claw-${name} ${packageJson.version}`);
    expect(output).toContain("win32-x64");
    expect(output).toMatch(/提交 \w+/);
  });

  test("--help names the commands, in Chinese", async () => {
    const { code, output } = await site[name].run(["--help"]);
    expect({ code, output }).toMatchObject({ code: 0 });
    for (const word of ["用法", "init", "doctor", "service"]) expect(output).toContain(word);
  });

  test("--licenses has what is inside", async () => {
    const { code, output } = await site[name].run(["--licenses"]);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain("Bun");
    expect(output).toContain("valibot");
  });

  test("a command that does not exist is a usage error", async () => {
    const { code, output } = await site[name].run(["dance"]);
    expect({ code, output }).toMatchObject({ code: 2 });
    expect(output).toContain("没有“dance”这个命令");
  });

  test("a wrong key in the configuration is named", async () => {
    const { code, output } = await site[name].run([], { env: { CLAW_DATA_DIR: "", ...WRONG[name] } });
    expect({ code, output }).toMatchObject({ code: 2 });
    expect(output).toContain(`${site.windows.pathOf(site[name].folder)}\\${name}.toml`);
    expect(output).toContain("应为 0 到 65535 的整数");
  });
});

const WRONG = { gateway: { CLAW_SERVER_PORT: "many" }, agent: { CLAW_ADMIN_PORT: "many" } };

// Whoever has put one into vendor/ has it inside.
const hasRedisInside = "files" in (await windowsRedis(undefined));

test.skipIf(hasRedisInside)("without a Redis the gateway tells what to do", async () => {
  const { code, output } = await site.gateway.run([], { env: { CLAW_REDIS_URL: "" } });
  expect({ code, output }).toMatchObject({ code: 2 });
  for (const word of ["redis-server.exe", "redis.url"]) expect(output).toContain(word);
  expect(output).not.toContain("apt-get");
});

describe("doctor", () => {
  let gateway: Program;
  beforeAll(async () => {
    gateway = await site.startGateway();
  }, 60_000);
  afterAll(() => gateway.stop());

  test.each(PROGRAMS)("finds nothing that is wrong with claw-%s", async (name) => {
    const { code, output } = await site[name].run(["doctor"]);
    expect(output).not.toContain("[失败]");
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain("操作系统：Windows 10");
    expect(output).toContain(`${site.windows.pathOf(site[name].folder)}\\${name}.toml 没有错误`);
  });

  test("--json says the same to programs", async () => {
    const { code, output } = await site.agent.run(["doctor", "--json"]);
    expect({ code, output }).toMatchObject({ code: 0 });
    const report = JSON.parse(output) as { ok: boolean; findings: { check: string; level: string }[] };
    expect(report.ok).toBe(true);
    expect(report.findings).toContainEqual(expect.objectContaining({ check: "gateway.link", level: "ok" }));
  });

  test("a key that the gateway does not know is a failure, with what to do", async () => {
    const { code, output } = await site.agent.run(["doctor"], { env: { CLAW_AGENT_KEY: "wrong" } });
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toMatch(/\[失败\] 网关的连接.*\n +怎么办/);
  });
});

describe("log files", () => {
  const folder = () => join(site.agent.folder, "data", "logs");
  const lines = () => site.agent.read("data/logs/agent.log").trim().split("\n");
  let agent: Program;

  beforeAll(async () => {
    mkdirSync(folder(), { recursive: true });
    // Full: the next line makes it the file before.
    writeFileSync(join(folder(), "agent.log"), "x".repeat(10 * 1024 * 1024));
    agent = site.agent.start(["--log-files", "--log-json"]);
    await until("the log says it has started", () => lines().join("").includes("智能体已启动"), 30_000);
  }, 60_000);
  afterAll(() => agent.stop());

  test("are in the data folder, as JSON lines, and are rotated", async () => {
    expect(JSON.parse(lines()[0] ?? "")).toMatchObject({ level: "info", message: "智能体已启动" });
    expect(existsSync(join(folder(), "agent.log.1"))).toBe(true);
  });

  test("have the last line, too", async () => {
    expect(await agent.stop()).toBe(0);
    expect(JSON.parse(lines().at(-1) ?? "")).toMatchObject({ message: "智能体已停止" });
  });
});
