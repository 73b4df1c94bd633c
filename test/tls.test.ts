import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../dev/program.ts";
import { ask } from "./ask.ts";
import { openSecureClient } from "./secure-client.ts";
import { launchSecureAgent, prepareSecureGateway, type SecureGateway } from "./secure-gateway.ts";
import { startSystem, type System, until } from "./system.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import type { IssuedCertificate } from "./test-certificates.ts";

/** How often an agent tries, in vain, before it counts as turned away. */
const TRIES = 3;
let system: System;
let gateway: SecureGateway;
let issued: IssuedCertificate;
let proxy: TcpProxy;

beforeAll(async () => {
  // Its own gateway does without TLS.
  system = await startSystem({ withoutAgent: true });
  gateway = await prepareSecureGateway(system);
  issued = await gateway.authority.issue("first");
  copyFileSync(issued.cert, gateway.files.cert);
  copyFileSync(issued.key, gateway.files.key);
  await gateway.start();
  proxy = await startTcpProxy(() => gateway.port);
}, 60_000);
afterAll(async () => {
  await system.stop();
  await proxy.stop();
}, 30_000);

test("https answers those who trust its certificate, and no one else", async () => {
  expect(await (await gateway.fetch("/healthz")).json()).toEqual({ ok: true });
  const distrusting = fetch(`${gateway.url}/healthz`).then(
    () => "answered",
    () => "refused",
  );
  expect(await distrusting).toBe("refused");
});

test("an agent that is not told to trust the certificate does not connect", async () => {
  const before = proxy.connections();
  const url = `wss://127.0.0.1:${proxy.port}/link`;
  const agent = launchSecureAgent(system, { name: "distrusting", url, caFile: "" });
  await until("it has tried", () => proxy.connections() - before >= TRIES);
  expect(await agent.up()).toBe(false);
  expect(await agent.program.stop()).toBe(0);
  expect(gateway.program().output()).not.toContain("智能体已连接");
});

test("an agent that is does, and a user on wss gets an answer through it", async () => {
  const { ca, caFile } = gateway.authority;
  const url = `wss://127.0.0.1:${gateway.port}/link`;
  const agent = launchSecureAgent(system, { name: "trusting", url, caFile });
  await until("its link is up", () => agent.up());
  const client = openSecureClient(gateway.url, await gateway.signIn("user"), ca);
  const { text } = await ask(client, "加密了吗");
  await client.close();
  expect(text).toContain("加密了吗");
});

/** Runs a gateway that cannot start, and returns what it says; nothing in it but words for people. */
async function failing(env: Record<string, string>): Promise<string> {
  const program = system.launch("src/gateway/main.ts", {
    ...system.env.gateway,
    CLAW_SERVER_PORT: String(freePort()),
    CLAW_DATA_DIR: join(system.dir, "failing"),
    CLAW_SERVER_TLS_CERT: gateway.files.cert,
    CLAW_SERVER_TLS_KEY: gateway.files.key,
    ...env,
  });
  expect(await program.exited).toBeGreaterThan(0);
  expect(program.output()).not.toMatch(/\n\s+at /);
  return program.output();
}

test("a certificate that is not there is an error that names it", async () => {
  const missing = join(system.dir, "missing.pem");
  expect(await failing({ CLAW_SERVER_TLS_CERT: missing })).toMatch(/找不到证书文件 .*missing\.pem/);
});

test("so is a key that belongs to another certificate", async () => {
  const { cert } = await gateway.authority.issue("other");
  expect(await failing({ CLAW_SERVER_TLS_CERT: cert })).toMatch(/other-chain\.pem 和私钥 .* 不是一对/);
});

test("a second gateway on the same port says that it is taken", async () => {
  expect(await failing({ CLAW_SERVER_PORT: String(gateway.port) })).toContain("端口已被占用");
  expect((await gateway.fetch("/healthz")).status).toBe(200);
});
