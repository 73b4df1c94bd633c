import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import { freePort, type Program } from "../dev/program.ts";
import type { UserRouter } from "../src/contract/user-api.ts";
import { startSystem, type System, until } from "./system.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** How often an agent tries, in vain, before it counts as turned away. */
const TRIES = 3;
let system: System;
let gateway: { port: number; url: string; program: Program };
let cert: string;
let ca: string;
let proxy: TcpProxy;

beforeAll(async () => {
  // Its own gateway does without TLS.
  system = await startSystem({ withoutAgent: true });
  cert = join(system.dir, "fullchain.pem");
  const key = join(system.dir, "privkey.pem");
  await makeCertificate(cert, key);
  ca = await Bun.file(cert).text();
  const port = freePort();
  const program = system.launch("src/gateway/main.ts", {
    ...system.env.gateway,
    CLAW_SERVER_PORT: String(port),
    CLAW_DATA_DIR: join(system.dir, "secure"),
    CLAW_SERVER_TLS_CERT: cert,
    CLAW_SERVER_TLS_KEY: key,
  });
  gateway = { port, url: `https://127.0.0.1:${port}`, program };
  proxy = await startTcpProxy(() => port);
  await until("the gateway is ready", () =>
    secureFetch("/readyz").then(
      ({ ok }) => ok,
      () => false,
    ),
  );
}, 60_000);
afterAll(async () => {
  await system.stop();
  await proxy.stop();
}, 30_000);

async function makeCertificate(certFile: string, keyFile: string): Promise<void> {
  const command = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
  ];
  command.push("-keyout", keyFile, "-out", certFile, "-days", "1", "-subj", "/CN=127.0.0.1");
  command.push("-addext", "subjectAltName=IP:127.0.0.1");
  const openssl = Bun.spawn(command, { stdout: "ignore", stderr: "pipe" });
  const errors = await new Response(openssl.stderr).text();
  if ((await openssl.exited) !== 0) throw new Error(errors);
}

const secureFetch = (path: string) => fetch(gateway.url + path, { tls: { ca } });

/** An agent for the gateway with TLS; `up` tells whether its link is. */
function launchAgent(
  name: string,
  url: string,
  caFile: string,
): { program: Program; up(): Promise<boolean> } {
  const adminPort = freePort();
  const program = system.launch("src/agent/main.ts", {
    ...system.env.agent,
    CLAW_GATEWAY_URL: url,
    CLAW_GATEWAY_CA: caFile,
    CLAW_DATA_DIR: join(system.dir, name),
    CLAW_ADMIN_PORT: String(adminPort),
  });
  return {
    program,
    async up() {
      const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
      return ((await response?.json()) as { link: { up: boolean } } | undefined)?.link.up ?? false;
    },
  };
}

test("https answers those who trust its certificate, and no one else", async () => {
  expect(await (await secureFetch("/healthz")).json()).toEqual({ ok: true });
  const distrusting = fetch(`${gateway.url}/healthz`).then(
    () => "answered",
    () => "refused",
  );
  expect(await distrusting).toBe("refused");
});

test("an agent that is not told to trust the certificate does not connect", async () => {
  const before = proxy.connections();
  const agent = launchAgent("distrusting", `wss://127.0.0.1:${proxy.port}/link`, "");
  await until("it has tried", () => proxy.connections() - before >= TRIES);
  expect(await agent.up()).toBe(false);
  expect(await agent.program.stop()).toBe(0);
  expect(gateway.program.output()).not.toContain("智能体已连接");
});

test("an agent that is does, and a user on wss gets an answer through it", async () => {
  const agent = launchAgent("trusting", `wss://127.0.0.1:${gateway.port}/link`, cert);
  await until("its link is up", () => agent.up());
  const token = await system.signIn("user");
  const socket = createWSClient({
    url: `${gateway.url.replace(/^http/, "ws")}/trpc`,
    connectionParams: () => ({ token }),
    WebSocket: class extends WebSocket {
      constructor(url: string | URL) {
        super(url, { tls: { ca } });
      }
    },
  });
  const { chat, job } = createTRPCClient<UserRouter>({ links: [wsLink({ client: socket })] });
  const { jobId } = await chat.send.mutate({ text: "加密了吗", idempotencyKey: "tls" });
  let text = "";
  await new Promise<void>((resolve, reject) => {
    job.events.subscribe(
      { jobId },
      {
        onData({ data }) {
          for (const event of data) if (event.t === "done") text = event.text;
        },
        onComplete: resolve,
        onError: reject,
      },
    );
  });
  await socket.close();
  expect(text).toContain("加密了吗");
});

test("a certificate that is not there is an error that names it", async () => {
  const program = system.launch("src/gateway/main.ts", {
    ...system.env.gateway,
    CLAW_SERVER_PORT: String(freePort()),
    CLAW_DATA_DIR: join(system.dir, "no-certificate"),
    CLAW_SERVER_TLS_CERT: join(system.dir, "missing.pem"),
    CLAW_SERVER_TLS_KEY: join(system.dir, "missing-key.pem"),
  });
  expect(await program.exited).toBeGreaterThan(0);
  expect(program.output()).toContain("missing.pem");
});
