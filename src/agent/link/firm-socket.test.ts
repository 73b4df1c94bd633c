import { afterEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { until } from "../../../test/until.ts";
import { firmSocket, type Rejection } from "./firm-socket.ts";

const TIMEOUT_MS = 100;
/** Where it is to open: the machine may have other things to do. */
const LONG_MS = 1_000;
/** From RFC 6455, 1.3. */
const HANDSHAKE = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function open(port: number, openTimeoutMs = LONG_MS) {
  const rejections: Rejection[] = [];
  const told: string[] = [];
  const FirmSocket = firmSocket({
    ca: undefined,
    onRejected: (why) => rejections.push(why),
    onAccepted: () => told.push("accepted"),
    onLost: () => told.push("lost"),
    openTimeoutMs,
    closeTimeoutMs: TIMEOUT_MS,
  });
  const socket = new FirmSocket(`ws://127.0.0.1:${port}/`);
  socket.addEventListener("close", () => told.push("closed"));
  cleanups.push(() => socket.terminate());
  return { socket, rejections, told };
}

/** A gateway that takes a connection and then says nothing any more; `upgrade`: only after it has become a WebSocket. */
async function frozenGateway(upgrade: boolean): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      const key = /^Sec-WebSocket-Key: *(\S+)/im.exec(data.toString())?.[1];
      if (!upgrade || key === undefined) return;
      const accept = createHash("sha1")
        .update(key + HANDSHAKE)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A gateway that says these frames, one after the other, and then closes if told so. */
function talkingGateway(frames: readonly object[], thenCloses = false): number {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response(null, { status: 400 })),
    websocket: {
      open(socket) {
        for (const frame of frames) socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
        if (thenCloses) socket.close();
      },
      message() {},
    },
  });
  cleanups.push(() => server.stop(true));
  return server.port ?? 0;
}

test("a gateway that never answers is given up", async () => {
  const { told } = open(await frozenGateway(false), TIMEOUT_MS);
  await until("it to be closed", () => told.includes("closed"), 2_000);
  expect(told).toEqual(["closed"]);
});

test("a frozen gateway does not hold up a close", async () => {
  const { socket, told } = open(await frozenGateway(true));
  await until("it to be open", () => socket.readyState === WebSocket.OPEN);
  socket.close();
  await until("it to be closed", () => told.includes("closed"), 2_000);
});

test("an open socket is not given up", async () => {
  const { socket } = open(await frozenGateway(true));
  await until("it to be open", () => socket.readyState === WebSocket.OPEN);
  await Bun.sleep(1.5 * LONG_MS);
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test("why the gateway turned it down is told, once, and it was never accepted", async () => {
  const error = {
    message: "智能体编号或密钥不对",
    code: -32_001,
    data: { code: "UNAUTHORIZED", reason: "key-refused" },
  };
  // tRPC also answers what was asked meanwhile.
  const port = talkingGateway(
    [
      { id: null, error },
      { id: 1, error },
      { id: 2, error },
    ],
    true,
  );
  const { told, rejections } = open(port);
  await until("it to be closed", () => told.includes("closed"));
  expect(rejections).toEqual([{ reason: "key-refused", message: "智能体编号或密钥不对" }]);
  expect(told).toEqual(["closed"]);
});

test("it is accepted with the first result, and lost when it closes", async () => {
  const started = { id: 1, result: { type: "started" } };
  const port = talkingGateway([started, { id: 2, result: { type: "started" } }], true);
  const { told, rejections } = open(port);
  await until("it to be closed", () => told.includes("closed"));
  expect(told.toSorted()).toEqual(["accepted", "closed", "lost"]);
  expect(rejections).toEqual([]);
});

test("keep-alives and the wish that it reconnect say nothing of whether it is accepted", async () => {
  const port = talkingGateway(["PING", { id: null, method: "reconnect" }, "PONG"] as object[], true);
  const { told } = open(port);
  await until("it to be closed", () => told.includes("closed"));
  expect(told).toEqual(["closed"]);
});
