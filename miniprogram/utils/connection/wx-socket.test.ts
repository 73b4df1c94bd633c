import { describe, expect, test } from "bun:test";
import type { SocketTask } from "../wx-port";
import { openWxSockets, type WxSocket } from "./wx-socket";

interface PlayedTask {
  readonly task: SocketTask;
  readonly said: string[];
  closes: number;
  opened(): void;
  message(data: string): void;
  ended(): void;
  failed(): void;
}

/** What WeChat gives for one socket; `stale`: it has killed it in the background, and every use throws. */
function playTask(options: { stale?: boolean } = {}): PlayedTask {
  const listeners: Partial<Record<string, (event: never) => void>> = {};
  const tell = (kind: string, event: object) => listeners[kind]?.(event as never);
  const refuse = () => {
    if (options.stale) throw new Error("the task is gone");
  };
  const played: PlayedTask = {
    said: [],
    closes: 0,
    task: {
      send({ data }) {
        refuse();
        played.said.push(data);
      },
      close() {
        refuse();
        played.closes++;
      },
      onOpen: (listener) => void (listeners["open"] = listener),
      onMessage: (listener) => void (listeners["message"] = listener),
      onClose: (listener) => void (listeners["close"] = listener),
      onError: (listener) => void (listeners["error"] = listener),
    },
    opened: () => tell("open", {}),
    message: (data) => tell("message", { data }),
    ended: () => tell("close", { code: 1006, reason: "gone" }),
    failed: () => tell("error", { errMsg: "connect fail" }),
  };
  return played;
}

function open(played: PlayedTask) {
  const sockets = openWxSockets({ connectSocket: () => played.task });
  const socket = new sockets.WebSocket("wss://pactgo.cn/trpc") as unknown as WxSocket;
  const events: string[] = [];
  for (const kind of ["open", "message", "error", "close"] as const)
    socket.addEventListener(kind, ({ data }) => events.push(typeof data === "string" ? data : kind));
  return { sockets, socket, events };
}

describe("a socket", () => {
  test("tells what a browser's tells, and has its numbers on itself and on its class", () => {
    const played = playTask();
    const { sockets, socket, events } = open(played);
    expect([socket.readyState, socket.OPEN, sockets.WebSocket.OPEN]).toEqual([0, 1, 1]);
    socket.send("too early");
    played.opened();
    socket.send("hello");
    played.message("world");
    socket.close();
    expect(socket.readyState).toBe(2);
    played.ended();
    played.ended();
    expect(events).toEqual(["open", "world", "close"]);
    expect([played.said, played.closes, socket.readyState]).toEqual([["hello"], 1, 3]);
    expect(sockets.present()).toEqual([]);
  });

  test("that cannot connect says so before it ends; who waits for it to open waits no longer", () => {
    for (const end of ["failed", "ended"] as const) {
      const played = playTask();
      const { events } = open(played);
      played[end]();
      expect(events).toEqual(["error", "close"]);
    }
  });

  test("that WeChat refuses at once ends, too", async () => {
    const refusing = openWxSockets({
      connectSocket() {
        throw new Error("too many sockets");
      },
    });
    const socket = new refusing.WebSocket("wss://pactgo.cn/trpc");
    await new Promise((resolve) => socket.addEventListener("error", resolve));
    expect(socket.readyState).toBe(3);
  });

  test("whose task is gone ends when it is used, and throws nothing", () => {
    const options = { stale: false };
    const played = playTask(options);
    const { socket, events } = open(played);
    played.opened();
    options.stale = true;
    socket.send("PING");
    expect(events).toEqual(["open", "close"]);
    socket.close();
    expect(events).toHaveLength(2);
  });

  test("that is dropped ends at once, and nothing of it comes later", () => {
    const played = playTask();
    const { socket, events } = open(played);
    socket.drop();
    played.opened();
    played.message("late");
    expect(events).toEqual(["error", "close"]);
    // It has connected all the same: it must not stay.
    expect(played.closes).toBe(2);
  });

  test("that the other side never closes ends after a moment", async () => {
    const played = playTask();
    const { socket } = open(played);
    played.opened();
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    socket.close();
    await closed;
    expect(socket.readyState).toBe(3);
  });
});

test("a probe ends a silent socket, and keeps one that answers", async () => {
  const [silent, alive] = [playTask(), playTask()];
  const [first, second] = [open(silent).socket, open(alive).socket];
  silent.opened();
  alive.opened();
  const ended = new Promise((resolve) => first.addEventListener("close", resolve));
  second.probe(10);
  first.probe(10);
  alive.message("PONG");
  await ended;
  expect([silent.said, alive.said]).toEqual([["PING"], ["PING"]]);
  expect(second.readyState).toBe(1);
});
