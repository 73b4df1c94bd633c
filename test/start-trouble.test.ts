import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort, startProgram } from "../dev/program.ts";
import type { Env } from "./system.ts";

const GATEWAY = "src/gateway/main.ts";
const AGENT = "src/agent/main.ts";
const BOTH = [GATEWAY, AGENT];
/** All that either needs. */
const ENV: Env = {
  CLAW_SERVER_HOST: "127.0.0.1",
  CLAW_AUTH_SESSION_SECRET: "TOP-SECRET-session-0123456789",
  CLAW_AGENTS: "a1:TOP-SECRET-agent-key",
  CLAW_AGENT_ID: "a1",
  CLAW_AGENT_KEY: "TOP-SECRET-agent-key",
  CLAW_GATEWAY_URL: "ws://127.0.0.1:9/link",
};
let dir: string;
let folders = 0;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-启动 "));
  writeFileSync(join(dir, "a-file"), "");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function newFolder(): string {
  const folder = join(dir, String(++folders));
  mkdirSync(folder);
  return folder;
}

/** Starts a program that cannot start, and expects nothing of it but words for people. */
async function failing(entry: string, env: Env, args: readonly string[] = []) {
  const ports = { CLAW_SERVER_PORT: String(freePort()), CLAW_ADMIN_PORT: String(freePort()) };
  const program = startProgram({ entry, args, env: { ...ENV, ...ports, ...env } });
  const code = await program.exited;
  expectForPeople(program.output());
  return { code, output: program.output() };
}

function expectForPeople(output: string): void {
  expect(output).toMatch(/\p{Script=Han}/u);
  expect(output).not.toMatch(/\n\s+at /);
  expect(output).not.toContain("TOP-SECRET");
}

describe("a data folder that cannot be used", () => {
  test.each(BOTH.flatMap((entry) => [[entry, []] as const, [entry, ["--log-files"]] as const]))(
    "%s %j: is a file, or below one",
    async (entry, args) => {
      for (const dataDir of [join(dir, "a-file"), join(dir, "a-file", "data")]) {
        const { code, output } = await failing(entry, { CLAW_DATA_DIR: dataDir }, args);
        expect(code).toBe(1);
        expect(output).toContain(`不能使用数据目录 ${dataDir}`);
        expect(output).toContain("有一个同名的文件");
      }
    },
  );

  // Not even root may make a folder there.
  test.skipIf(process.platform !== "linux").each(BOTH)("%s: may not be written to", async (entry) => {
    const { code, output } = await failing(entry, { CLAW_DATA_DIR: "/sys/claw" });
    expect(code).toBe(1);
    expect(output).toMatch(/不能使用数据目录 \/sys\/claw（E\w+）：/);
  });

  test("the agent: its database is damaged", async () => {
    const dataDir = newFolder();
    writeFileSync(join(dataDir, "agent.sqlite"), "no database ".repeat(1_000));
    const { code, output } = await failing(AGENT, { CLAW_DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(output).toContain("恢复备份");
  });

  test("the agent: a newer program has worked with it; to start again does not help", async () => {
    const dataDir = newFolder();
    const db = new Database(join(dataDir, "agent.sqlite"));
    db.run("PRAGMA user_version = 999");
    db.close();
    const { code, output } = await failing(AGENT, { CLAW_DATA_DIR: dataDir });
    expect(code).toBe(2);
    expect(output).toContain("数据文件来自更新的版本（999）");
  });
});

/** A disk of 16 KiB, all of them taken, which only the programs below this see. */
const ON_A_FULL_DISK = [
  "unshare",
  "--map-root-user",
  "--mount",
  "sh",
  "-ec",
  'mount -t tmpfs -o size=16k none "$0"; cat /dev/zero > "$0/fill" 2> /dev/null || true; exec "$@"',
];

describe("a disk without room", () => {
  const allowed = Bun.spawnSync([...ON_A_FULL_DISK, tmpdir(), "true"]).success;

  test.skipIf(!allowed).each(BOTH)("%s: says so", async (entry) => {
    const disk = newFolder();
    const program = [process.execPath, resolve(import.meta.dir, "..", entry)];
    const child = Bun.spawn([...ON_A_FULL_DISK, disk, ...program], {
      env: {
        ...process.env,
        ...ENV,
        CLAW_SERVER_PORT: "0",
        CLAW_ADMIN_PORT: "0",
        CLAW_DATA_DIR: join(disk, "data"),
      },
      stderr: "pipe",
      stdout: "ignore",
    });
    const output = await new Response(child.stderr).text();
    expect(await child.exited).toBe(1);
    expectForPeople(output);
    expect(output).toContain("磁盘满了");
  });
});

describe("a file that the configuration names", () => {
  test.each([
    ["is not there", "missing.pem", "读不了"],
    ["is not PEM", "a-file", "没有证书"],
    ["is half a certificate", "half.pem", "不完整或已损坏"],
  ])("gateway.ca: %s", async (_, name, words) => {
    const block = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
    writeFileSync(join(dir, "half.pem"), block("MIIB"));
    const ca = join(dir, name);
    const { code, output } = await failing(AGENT, { CLAW_GATEWAY_CA: ca, CLAW_DATA_DIR: newFolder() });
    expect(code).toBe(1);
    expect(output).toContain(ca);
    expect(output).toContain("gateway.ca");
    expect(output).toContain(words);
  });

  test("redis.server_path: is for another system", async () => {
    const program = join(dir, "redis-server");
    writeFileSync(program, "\x7fELF of another machine", { mode: 0o755 });
    const env = { CLAW_REDIS_SERVER_PATH: program, CLAW_DATA_DIR: newFolder() };
    const { code, output } = await failing(GATEWAY, env);
    expect(code).toBe(1);
    expect(output).toContain(`不能运行 ${program}`);
  });

  test.each(BOTH)("%s: the configuration itself cannot be read", async (entry) => {
    const { code, output } = await failing(entry, {}, ["--config", newFolder()]);
    expect(code).toBe(2);
    expect(output).toContain("读不了这个文件");
  });
});

test.each(BOTH)("%s: an address that no machine has", async (entry) => {
  for (const host of ["no.such.host.invalid", "300.1.1.1"]) {
    const env = { CLAW_SERVER_HOST: host, CLAW_ADMIN_HOST: host, CLAW_DATA_DIR: newFolder() };
    const { code, output } = await failing(entry, env);
    expect(code).toBe(1);
    expect(output).toContain("本机没有这个地址");
  }
});
