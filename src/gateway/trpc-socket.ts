import type { AnyTRPCRouter } from "@trpc/server";
import { getWSConnectionHandler, type WSSHandlerOptions } from "@trpc/server/adapters/ws";
import type { ServerWebSocket } from "bun";

/** One side's sockets: what Bun.serve's WebSocket callbacks are handed on to. */
export interface TrpcSockets {
  open(socket: ServerWebSocket<SocketData>): void;
}

export interface SocketData {
  side: TrpcSockets;
  /** Path and query of the upgrade request: tRPC reads `connectionParams=1` from it. */
  url: string;
  facade: SocketFacade | undefined;
}

/**
 * What tRPC's own WebSocket handler needs of a `ws` socket, on a Bun one. trpc-bun-adapter's copy of that handler runs
 * procedures without a context after a failed createContext and loses events of slow readers; the original does not.
 */
export interface SocketFacade {
  readonly readyState: number;
  on(event: "message" | "close" | "error", listener: (...args: never[]) => void): SocketFacade;
  once(event: "message" | "close" | "error", listener: (...args: never[]) => void): SocketFacade;
  send(data: string): void;
  close(): void;
  terminate(): void;
  received(message: string | Buffer): void;
  closed(): void;
}

type OnMessage = (data: Buffer, isBinary: boolean) => void;

function facadeOf(socket: ServerWebSocket<SocketData>): SocketFacade {
  const onMessage: OnMessage[] = [];
  const onClose: (() => void)[] = [];
  const facade: SocketFacade = {
    get readyState() {
      return socket.readyState;
    },
    on(event, listener) {
      if (event === "message") onMessage.push(listener as OnMessage);
      if (event === "close") onClose.push(listener);
      return facade;
    },
    once: (event, listener) => facade.on(event, listener),
    send(data) {
      // 0: dropped, the reader is too slow. A hole must not be: it comes back and resumes.
      if (socket.send(data) === 0 && socket.readyState === WebSocket.OPEN) socket.terminate();
    },
    close: () => socket.close(),
    terminate: () => socket.terminate(),
    received(message) {
      const isBinary = typeof message !== "string";
      const data = isBinary ? message : Buffer.from(message);
      for (const listener of onMessage) listener(data, isBinary);
    },
    closed() {
      for (const listener of onClose) listener();
    },
  };
  return facade;
}

/** Serves a router on sockets. An error thrown by createContext is told to the client before its socket is closed. */
export function trpcSockets<R extends AnyTRPCRouter>(
  options: Omit<WSSHandlerOptions<R>, "wss">,
): TrpcSockets {
  const connect = getWSConnectionHandler(options as WSSHandlerOptions<R>);
  return {
    open(socket) {
      const facade = facadeOf(socket);
      socket.data.facade = facade;
      const request = { url: socket.data.url, headers: {}, socket: {} };
      connect(facade, request as never);
    },
  };
}
