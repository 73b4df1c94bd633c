import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { join } from "node:path";
import { openCallbackSender } from "../dev/wecom-callback.ts";
import { ask } from "./ask.ts";
import { type Nginx, nginxPath, startNginx } from "./nginx.ts";
import { openSecureClient, openTlsFront } from "./secure-client.ts";
import { launchSecureAgent } from "./secure-gateway.ts";
import { CORP, startSystem, type System, until } from "./system.ts";
import { openTestAuthority, type TestAuthority } from "./test-certificates.ts";

const NEEDED = "nginx is not installed: apt-get install nginx-light";
if (nginxPath === null) console.log(`test/nginx.test.ts is skipped: ${NEEDED}`);

describe.skipIf(nginxPath === null)("behind nginx with deploy/nginx.conf", () => {
  let system: System;
  let authority: TestAuthority;
  let nginx: Nginx;
  let agent: ReturnType<typeof launchSecureAgent>;
  let front: { url: string; stop(): Promise<void> };

  beforeAll(async () => {
    system = await startSystem({
      withoutAgent: true,
      model: {
        reply: (messages) => `回答：${messages.at(-1)?.content ?? ""}，${"啊".repeat(200)}`,
        tokensPerSecond: 300,
      },
    });
    authority = await openTestAuthority(system.dir);
    const certificate = await authority.issue("pactgo");
    const gatewayPort = Number(new URL(system.gatewayUrl).port);
    nginx = await startNginx({ dir: join(system.dir, "nginx"), gatewayPort, certificate });
    front = openTlsFront(site(), authority.ca);
    const url = `wss://127.0.0.1:${nginx.httpsPort}/link`;
    agent = launchSecureAgent(system, { name: "agent", url, caFile: authority.caFile });
    await until("its link is up", () => agent.up());
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await system?.stop();
    await nginx?.stop();
  }, 30_000);

  const site = () => `https://127.0.0.1:${nginx.httpsPort}`;
  const get = (path: string, init: RequestInit = {}) =>
    fetch(site() + path, { ...init, tls: { ca: authority.ca } });

  test("a WeCom message is answered by the agent", async () => {
    const wecom = openCallbackSender({ ...CORP, callbackUrl: `${front.url}/wecom` });
    expect(await wecom.verifyUrl()).toMatchObject({ ok: true });
    expect((await wecom.sendText("zhang", "你好，nginx")).tries).toEqual([200]);
    const texts = () => system.wecomApi.list("zhang").map(({ content }) => content);
    await until("the answer", () => texts().some((text) => text.startsWith("回答：你好，nginx")));
  });

  test("a user's requests and subscriptions", async () => {
    const client = openSecureClient(site(), await system.signIn("user"), authority.ca);
    const { end, text } = await ask(client, "订阅通吗");
    expect(end?.t).toBe("done");
    expect(text).toStartWith("回答：订阅通吗");
    expect(client.sockets()).toBe(1);
    await client.close();
  });

  test("an answer comes in pieces, and not at its end", async () => {
    const client = openSecureClient(site(), await system.signIn("user"), authority.ca);
    const { events } = await ask(client, "一个字一个字来");
    expect(events.filter(({ t }) => t === "delta").length).toBeGreaterThan(2);
    await client.close();
  });

  test("a gateway that was away is found again", async () => {
    await system.gateway().stop();
    expect((await get("/healthz")).status).toBe(502);
    await system.startGateway();
    expect((await get("/healthz")).status).toBe(200);
    await until("the agent is back", () => agent.up());
  });

  test("what outsiders may see", async () => {
    expect(await (await get("/healthz")).json()).toEqual({ ok: true });
    expect((await get("/")).status).toBe(404);
    expect((await get("/link/other")).status).toBe(404);
    expect((await get("/wecom", { method: "POST", body: "x".repeat(300 * 1024) })).status).toBe(413);
    const { status, headers } = await get("/trpc/none");
    expect(status).toBe(404);
    expect(headers.get("strict-transport-security")).toContain("max-age=");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("server")).toBe("nginx");
  });

  test("/readyz is for this machine alone", async () => {
    expect((await get("/readyz")).status).toBe(200);
    expect(await statusFrom("127.0.0.2", nginx.httpsPort, "/readyz")).toBe(403);
    expect(await statusFrom("127.0.0.2", nginx.httpsPort, "/healthz")).toBe(200);
  });

  test("port 80 leads to 443, but for the proof that the domain is ours", async () => {
    const plain = (path: string) =>
      fetch(`http://127.0.0.1:${nginx.httpPort}${path}`, {
        redirect: "manual",
        headers: { host: "pactgo.cn" },
      });
    const moved = await plain("/trpc/a?b=c");
    expect(moved.status).toBe(301);
    expect(moved.headers.get("location")).toBe("https://pactgo.cn/trpc/a?b=c");
    const folder = join(nginx.acmeDir, ".well-known", "acme-challenge");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "token"), "proof");
    expect(await (await plain("/.well-known/acme-challenge/token")).text()).toBe("proof");
    expect((await plain("/.well-known/acme-challenge/none")).status).toBe(404);
  });

  test("sockets may be silent for an hour, and TLS is no older than 1.2", () => {
    // To wait for the usual 60 s would take too long here.
    for (const path of ["/trpc", "= /link"]) {
      const [, block = ""] = nginx.configuration.split(`location ${path} {`);
      const [settings = ""] = block.split("}");
      expect(settings).toContain("proxy_read_timeout 1h;");
      expect(settings).toContain("proxy_send_timeout 1h;");
      expect(settings).toContain("proxy_buffering off;");
    }
    expect(nginx.configuration.match(/^ *ssl_protocols .*;$/gm)).toEqual([
      "    ssl_protocols TLSv1.2 TLSv1.3;",
    ]);
  });
});

/** The status of a GET that comes from another address of this machine. */
function statusFrom(localAddress: string, port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = { host: "127.0.0.1", port, localAddress, rejectUnauthorized: false, timeout: 5_000 };
    const socket = connect(target, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: pactgo.cn\r\nConnection: close\r\n\r\n`);
    });
    socket.once("data", (data) => {
      socket.destroy();
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(String(data))?.[1]));
    });
    socket.once("timeout", () => reject(new Error("no answer in time")));
    socket.once("error", reject);
  });
}
