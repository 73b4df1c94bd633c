import type { AnyTRPCRouter } from "@trpc/server";
import { getWSConnectionHandler, type WSSHandlerOptions } from "@trpc/server/adapters/ws";
import type { ServerWebSocket } from "bun";

/** One side's sockets: what Bun.serve's WebSocket callbacks are handed on to. */
export interface TrpcSockets {
  open(socket: ServerWebSocket<SocketData>): void;
}

/** What a socket's messages and its end are given to. */
export interface SocketHandler {
  received(message: string | Buffer): void;
  closed(): void;
}

export interface SocketData {
  side: TrpcSockets;
  /** Path and query of the upgrade request: tRPC reads `connectionParams=1` from it. */
  url: string;
  handler: SocketHandler | undefined;
}

type OnMessage = (data: Buffer, isBinary: boolean) => void;

/**
 * What tRPC's own WebSocket handler needs of a `ws` socket, on a Bun one. trpc-bun-adapter's copy of that handler runs
 * procedures without a context after a failed createContext and loses events of slow readers; the original does not.
 */
export class SocketFacade implements SocketHandler {
  readonly #socket: ServerWebSocket<SocketData>;
  #onMessage: OnMessage | undefined;
  readonly #onClose: (() => void)[] = [];

  constructor(socket: ServerWebSocket<SocketData>) {
    this.#socket = socket;
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  /** tRPC listens for messages once, for closing several times, and for errors, of which Bun's sockets tell none. */
  on(event: "message" | "close" | "error", listener: (...args: never[]) => void): this {
    if (event === "message") this.#onMessage = listener as OnMessage;
    if (event === "close") this.#onClose.push(listener);
    return this;
  }

  once(event: "message" | "close" | "error", listener: (...args: never[]) => void): this {
    return this.on(event, listener);
  }

  send(data: string): void {
    // 0: dropped, the reader is too slow. A hole must not be: it comes back and resumes.
    if (this.#socket.send(data) === 0 && this.readyState === WebSocket.OPEN) this.#socket.terminate();
  }

  close(): void {
    this.#socket.close();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  received(message: string | Buffer): void {
    const isBinary = typeof message !== "string";
    this.#onMessage?.(isBinary ? message : Buffer.from(message), isBinary);
  }

  closed(): void {
    for (const listener of this.#onClose) listener();
  }
}

/** Serves a router on sockets. An error thrown by createContext is told to the client before its socket is closed. */
export function trpcSockets<R extends AnyTRPCRouter>(
  options: Omit<WSSHandlerOptions<R>, "wss">,
): TrpcSockets {
  const connect = getWSConnectionHandler(options as WSSHandlerOptions<R>);
  return {
    open(socket) {
      const facade = new SocketFacade(socket);
      socket.data.handler = facade;
      const request = { url: socket.data.url, headers: {}, socket: {} };
      connect(facade, request as never);
    },
  };
}
