import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLmStudio } from "../dev/lm-studio.ts";
import { freePort, startProgram, untilReady } from "../dev/program.ts";
import { type AgentConfig, readAgentConfig } from "../src/agent/config.ts";
import { readGatewayConfig } from "../src/gateway/config.ts";
import type { Env } from "./system.ts";

const GATEWAY = "src/gateway/main.ts";
const AGENT = "src/agent/main.ts";
/** Each server has a folder of its own; from source, that is where a program looks for its files. */
let a: string;
let b: string;

beforeEach(() => {
  a = mkdtempSync(join(tmpdir(), "claw-甲 "));
  b = mkdtempSync(join(tmpdir(), "claw-乙 "));
});
afterEach(() => {
  for (const dir of [a, b]) rmSync(dir, { recursive: true, force: true });
});

async function run(entry: string, cwd: string, args: readonly string[]) {
  const program = startProgram({ entry, cwd, args, env: {} });
  const code = await program.exited;
  return { code, output: program.output() };
}

/** The words after `claw-agent` of the command that the gateway's init printed. */
function agentCommand(output: string): string[] {
  const [, words = ""] = /^ *\.\/claw-agent (init .*)$/m.exec(output) ?? [];
  return words.split(" ");
}

/** What the agent's init makes of these words. */
async function agentConfig(words: readonly string[]): Promise<AgentConfig> {
  const file = join(b, "agent.toml");
  rmSync(file, { force: true });
  expect(await run(AGENT, b, words)).toMatchObject({ code: 0 });
  return readAgentConfig(file);
}

test("both programs' init, and one command carried from one to the other, get the pair talking", async () => {
  const port = freePort();
  const made = await run(GATEWAY, a, ["init", "--port", String(port)]);
  expect(made.code).toBe(0);
  const model = startLmStudio({});
  const words = [...agentCommand(made.output), "--lmstudio", model.url];
  expect(await run(AGENT, b, words)).toMatchObject({ code: 0 });

  const gateway = startProgram({ entry: GATEWAY, cwd: a, env: {} });
  const adminPort = freePort();
  // This machine may have another agent on the usual port.
  const env: Env = { CLAW_ADMIN_PORT: String(adminPort) };
  const agent = startProgram({ entry: AGENT, cwd: b, env });
  try {
    await untilReady(`http://127.0.0.1:${port}/readyz`, gateway);
    await untilReady(`http://127.0.0.1:${adminPort}/readyz`, agent);
    const state: unknown = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json();
    expect(state).toMatchObject({ ready: true, agents: { connected: 1, online: ["b1"] } });
  } finally {
    await agent.stop();
    await gateway.stop();
    await model.stop();
  }
  // It would warn of a secret that is too easily guessed.
  expect(gateway.output()).not.toContain("session_secret");
});

describe("the gateway's init", () => {
  const toml = () => join(a, "gateway.toml");

  test("has secrets of its own each time, for its owner's eyes", async () => {
    await run(GATEWAY, a, ["init"]);
    await run(GATEWAY, a, ["init", "--config", "第二份.toml"]);
    const [one, two] = [readGatewayConfig(toml()), readGatewayConfig(join(a, "第二份.toml"))];
    expect(one.sessionSecret.length).toBeGreaterThanOrEqual(48);
    expect(one.sessionSecret).not.toBe(two.sessionSecret);
    expect(one.agents.get("b1")).toMatch(/^\w{48,}$/);
    expect(one.agents.get("b1")).not.toBe(two.agents.get("b1"));
    expect(statSync(toml()).mode & 0o777).toBe(0o600);
  });

  test("takes no file's place", async () => {
    writeFileSync(toml(), "# mine");
    const { code, output } = await run(GATEWAY, a, ["init"]);
    expect(code).toBe(1);
    expect(output).toContain("已经存在");
    expect(output).not.toContain("--key");
    expect(readFileSync(toml(), "utf8")).toBe("# mine");
  });

  test("without a certificate it is plain, and says how to change that", async () => {
    const { output } = await run(GATEWAY, a, ["init"]);
    expect(readGatewayConfig(toml())).toMatchObject({ port: 8080, tls: undefined, publicUrl: "" });
    expect(output).toContain("HTTPS");
    expect(agentCommand(output)[2]).toMatch(/^ws:\/\/[\d.]+:8080\/link$/);
  });

  test("with a certificate beside it, it does TLS on 443", async () => {
    mkdirSync(join(a, "ssl"));
    writeFileSync(join(a, "ssl", "pactgo.cn-chain.pem"), "");
    await run(GATEWAY, a, ["init", "--config", "half.toml"]);
    expect(readGatewayConfig(join(a, "half.toml")).tls).toBeUndefined();

    writeFileSync(join(a, "ssl", "pactgo.cn-key.pem"), "");
    const { output } = await run(GATEWAY, a, ["init"]);
    const config = readGatewayConfig(toml());
    expect(config).toMatchObject({ port: 443, publicUrl: "https://pactgo.cn" });
    expect(config.tls?.key).toBe(join(a, "ssl", "pactgo.cn-key.pem"));
    expect(agentCommand(output)[2]).toBe("wss://pactgo.cn/link");
  });

  test("behind a proxy the agent dials the public address", async () => {
    const flags = ["--public-url", "https://claw.example.com/", "--port", "9000", "--agent-id", "gpu-1"];
    const { output } = await run(GATEWAY, a, ["init", ...flags]);
    const config = readGatewayConfig(toml());
    expect(config).toMatchObject({ port: 9000, publicUrl: "https://claw.example.com" });
    expect(await agentConfig(agentCommand(output))).toMatchObject({
      gateway: { url: "wss://claw.example.com/link" },
      id: "gpu-1",
      key: config.agents.get("gpu-1"),
    });
  });

  test.each([
    ["--port", "99999"],
    ["--public-url", "pactgo.cn"],
    ["--agent-id", "智能体"],
  ])("%s %s is refused, and nothing written", async (flag, value) => {
    const { code, output } = await run(GATEWAY, a, ["init", flag, value]);
    expect(code).toBe(2);
    expect(output).toContain(`${flag} 不对`);
    expect(() => statSync(toml())).toThrow("ENOENT");
  });
});

describe("the agent's init", () => {
  const pair = ["--id", "b1", "--key", "k1"];

  test.each([
    ["wss://pactgo.cn/link", "wss://pactgo.cn/link"],
    ["https://pactgo.cn/", "wss://pactgo.cn/link"],
    ["https://pactgo.cn/link/", "wss://pactgo.cn/link"],
    ["pactgo.cn", "wss://pactgo.cn/link"],
    ["http://10.0.0.5:8080", "ws://10.0.0.5:8080/link"],
    ["wss://example.com/claw", "wss://example.com/claw/link"],
  ])("takes %s for %s", async (given, url) => {
    expect((await agentConfig(["init", "--gateway", given, ...pair])).gateway.url).toBe(url);
  });

  test("the commands that it prints work as they are", async () => {
    const flags = ["--gateway", "ws://127.0.0.1:9", "--config", join(b, "my agent.toml")];
    const { output } = await run(AGENT, b, ["init", ...flags, ...pair]);
    const command = /^ *(.* doctor .*)$/m.exec(output)?.[1] ?? "";
    const child = Bun.spawn(["sh", "-c", `${command} --json`], { cwd: tmpdir(), stdout: "pipe" });
    expect(await new Response(child.stdout).json()).toMatchObject({
      program: "claw-agent",
      findings: expect.arrayContaining([
        expect.objectContaining({ check: "config", message: `${join(b, "my agent.toml")} 没有错误` }),
      ]),
    });
  });

  test("says what it needs, and where to get it", async () => {
    const { code, output } = await run(AGENT, b, ["init", "--gateway", "pactgo.cn"]);
    expect(code).toBe(2);
    expect(output).toContain("还缺 --id、--key");
    expect(output).toContain("claw-gateway init");
  });

  test.each([
    ["--gateway", "mysql://pactgo.cn"],
    ["--id", "b 1"],
    ["--lmstudio", "127.0.0.1:1234"],
  ])("%s %s is refused, and nothing written", async (flag, value) => {
    const flags = { "--gateway": "pactgo.cn", "--id": "b1", "--key": "TOP-SECRET", [flag]: value };
    const { code, output } = await run(AGENT, b, ["init", ...Object.entries(flags).flat()]);
    expect(code).toBe(2);
    expect(output).toContain(`${flag} 不对`);
    expect(output).not.toContain("TOP-SECRET");
    expect(() => statSync(join(b, "agent.toml"))).toThrow("ENOENT");
  });
});
