import { afterEach, describe, expect, test } from "bun:test";
import { freePort } from "../../../dev/program.ts";
import type { Finding } from "../../doctor/finding.ts";
import { gatewayCheck } from "./gateway.ts";

/** What stands in the gateway's place, or before it, and is not as it should be. */
const TIMEOUT_MS = 10_000;
/** For a server that never answers. */
const SHORT_MS = 200;
const servers: Bun.Server<unknown>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

const isUpgrade = (request: Request) => request.headers.get("upgrade") === "websocket";
const healthy = () => Response.json({ ok: true });

/** A server that answers HTTP so, and sockets not at all. */
function serve(fetch: (request: Request) => Response): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  servers.push(server);
  return `ws://127.0.0.1:${server.port}/link`;
}

/** A server whose sockets do this with the greeting. */
function serveSockets(answer: (socket: Bun.ServerWebSocket<unknown>) => void): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request, { data: {} }) ? undefined : healthy()),
    websocket: { message: answer },
  });
  servers.push(server);
  return `ws://127.0.0.1:${server.port}/link`;
}

async function check(
  url: string,
  options: { connectedHere?: boolean; timeoutMs?: number } = {},
): Promise<Finding> {
  const findings = await gatewayCheck({
    url,
    ca: undefined,
    agentId: "a1",
    key: "the-key",
    isConnectedHere: () => Promise.resolve(options.connectedHere ?? false),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  }).run(new AbortController().signal);
  const last = findings.at(-1);
  if (!last) throw new Error("no finding");
  return last;
}

describe("no gateway", () => {
  test("nobody listens", async () => {
    const { level, message } = await check(`ws://127.0.0.1:${freePort()}/link`);
    expect(level).toBe("failed");
    expect(message).toContain("连接被拒绝");
  });

  test("a port that never answers", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { level, message } = await check(`ws://127.0.0.1:${silent.port}/link`, { timeoutMs: SHORT_MS });
    silent.stop(true);
    expect(level).toBe("failed");
    expect(message).toContain("超时");
  });

  test.each<[string, () => Response, string]>([
    ["another web server", () => new Response("<html>", { status: 404 }), "不是网关（HTTP 404）"],
    ["a proxy whose gateway is down", () => new Response("Bad Gateway", { status: 502 }), "反向代理有应答"],
    ["one that sends to HTTPS", () => Response.redirect("https://127.0.0.1/", 301), "HTTPS"],
  ])("%s", async (_, answer, words) => {
    const { level, message } = await check(serve(answer));
    expect(level).toBe("failed");
    expect(message).toContain(words);
  });

  test("plain HTTP where TLS is expected", async () => {
    const { level, message } = await check(serve(healthy).replace("ws:", "wss:"));
    expect(level).toBe("failed");
    expect(message).toContain("TLS");
  });
});

describe("a gateway, but no link", () => {
  test("a proxy that does not hand WebSockets on", async () => {
    const { level, message, advice } = await check(
      serve((request) => (isUpgrade(request) ? new Response(null, { status: 400 }) : healthy())),
    );
    expect(level).toBe("failed");
    expect(message).toContain("WebSocket 没有接通（HTTP 400）");
    expect(advice).toContain("Upgrade");
  });

  test("a wrong path", async () => {
    const url = serve((request) => (isUpgrade(request) ? new Response(null, { status: 404 }) : healthy()));
    const { message } = await check(url.replace("/link", "/lnik"));
    expect(message).toContain("/lnik");
  });

  test.each<[string, (socket: Bun.ServerWebSocket<unknown>) => void, string]>([
    ["silence", () => {}, "没有应答"],
    ["a goodbye without a word", (socket) => socket.close(), "没有应答"],
    [
      "an error of its own",
      (socket) => socket.send(JSON.stringify({ id: null, error: { message: "出错了", data: {} } })),
      "出错了",
    ],
    ["nonsense", (socket) => socket.send("PING"), "没有应答"],
  ])("%s", async (_, answer, words) => {
    const { level, message } = await check(serveSockets(answer));
    expect(level).toBe("failed");
    expect(message).toContain(words);
  });
});

test("another machine has the id: a warning; this machine's own agent has: fine", async () => {
  const error = { message: "", data: { reason: "agent-id-in-use" } };
  const url = serveSockets((socket) => socket.send(JSON.stringify({ id: null, error })));
  expect((await check(url)).level).toBe("warning");
  expect((await check(url, { connectedHere: true })).level).toBe("ok");
});
