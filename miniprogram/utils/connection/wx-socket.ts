import type { WebSocketClientOptions } from "@trpc/client";
import type { SocketTask, WxPort } from "../wx-port";

/** What a phone on a bad network needs for TCP, TLS and the upgrade. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A dead network never confirms the end of a socket. */
const CLOSE_TIMEOUT_MS = 1_000;

/** The code that browsers give an end without a closing handshake. */
const ABNORMAL = 1006;

export type SocketClass = NonNullable<WebSocketClientOptions["WebSocket"]>;

/** The sockets of one client. */
export interface WxSockets {
  /** For `createWSClient`: a WebSocket as far as that one uses it. */
  readonly WebSocket: SocketClass;
  /** Those that have not ended. */
  present(): readonly WxSocket[];
}

type Kind = "open" | "message" | "close" | "error";
interface SocketEvent {
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
}
type Listener = (this: WxSocket, event: SocketEvent) => void;

/** A WebSocket over `wx.connectSocket`, for `createWSClient`. The logic layer has no DOM, so events are plain objects. */
export function openWxSockets(wx: Pick<WxPort, "connectSocket">): WxSockets {
  const present = new Set<WxSocket>();
  class OwnedSocket extends WxSocket {
    constructor(url: string) {
      super(wx, url);
      present.add(this);
      this.addEventListener("close", () => present.delete(this));
    }
  }
  const socketClass: unknown = OwnedSocket;
  return {
    WebSocket: socketClass as SocketClass,
    present: () => [...present],
  };
}

export class WxSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  // tRPC's client reads them from sockets, too.
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readyState: 0 | 1 | 2 | 3 = 0;
  binaryType = "arraybuffer";
  /** ms since 1970 */
  readonly madeAt = Date.now();
  private readonly task: SocketTask | undefined;
  private readonly listeners: Record<Kind, Listener[]> = { open: [], message: [], close: [], error: [] };
  private timer: ReturnType<typeof setTimeout>;
  private heard = 0;

  constructor(wx: Pick<WxPort, "connectSocket">, url: string) {
    this.timer = setTimeout(() => this.end("connect timeout"), CONNECT_TIMEOUT_MS);
    this.task = this.connect(wx, url);
    this.task?.onOpen(() => this.opened());
    this.task?.onMessage((message) => this.received(message.data));
    this.task?.onError((error) => this.end(error.errMsg));
    this.task?.onClose(({ code, reason }) => this.end(reason, code));
  }

  addEventListener(kind: Kind, listener: Listener): void {
    this.listeners[kind].push(listener);
  }

  removeEventListener(kind: Kind, listener: Listener): void {
    this.listeners[kind] = this.listeners[kind].filter((known) => known !== listener);
  }

  /** What is said to a socket that is not open goes nowhere, as with a browser's that has closed. */
  send(data: string): void {
    if (this.readyState !== 1) return;
    // A task that WeChat has killed in the background throws, or fails; there is no other sign of it.
    try {
      this.task?.send({ data, fail: ({ errMsg }) => this.end(errMsg) });
    } catch (error) {
      this.end(String(error));
    }
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.end("close timeout"), CLOSE_TIMEOUT_MS);
    this.closeTask(code, reason);
  }

  /** Ends it now, without waiting for the other side: its owner wants a new one. */
  drop(): void {
    this.end("dropped");
  }

  /** Drops it unless the other side says something within the time. */
  probe(timeoutMs: number): void {
    if (this.readyState !== 1) return;
    const before = this.heard;
    this.send("PING");
    setTimeout(() => {
      if (this.heard === before) this.drop();
    }, timeoutMs);
  }

  private connect(wx: Pick<WxPort, "connectSocket">, url: string): SocketTask | undefined {
    // Its listeners are not there yet, so that it must not end before the constructor has.
    const fail = (reason: string) => setTimeout(() => this.end(reason), 0);
    try {
      return wx.connectSocket({ url, timeout: CONNECT_TIMEOUT_MS, fail: ({ errMsg }) => fail(errMsg) });
    } catch (error) {
      fail(String(error));
      return undefined;
    }
  }

  private opened(): void {
    // One that is closed while it connects may connect all the same, and counts among the five that there can be.
    if (this.readyState >= 2) this.closeTask(1000, "");
    if (this.readyState !== 0) return;
    clearTimeout(this.timer);
    this.readyState = 1;
    this.emit("open", {});
  }

  private received(data: unknown): void {
    if (this.readyState !== 1) return;
    this.heard++;
    this.emit("message", { data });
  }

  private end(reason: string, code = ABNORMAL): void {
    if (this.readyState === 3) return;
    const before = this.readyState;
    clearTimeout(this.timer);
    this.readyState = 3;
    if (before !== 2) this.closeTask(1000, "");
    // tRPC's client waits for `open` or `error`.
    if (before === 0) this.emit("error", { reason });
    this.emit("close", { code, reason });
  }

  private closeTask(code: number, reason: string): void {
    try {
      this.task?.close({ code, reason, fail: () => this.end("closed") });
    } catch {
      this.end("closed");
    }
  }

  private emit(kind: Kind, event: SocketEvent): void {
    for (const listener of this.listeners[kind].slice()) listener.call(this, event);
  }
}
