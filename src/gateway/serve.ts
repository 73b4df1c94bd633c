import type { Hono } from "hono";
import { listen } from "../listen.ts";
import type { SocketData, TrpcSockets } from "./trpc-sockets.ts";

/** Largest message on a socket: a push of 512 events, or a page of history. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** A reader that is this far behind is cut off and resumes later. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
/** Bun pings a silent socket and closes it after this long without a sign of life. */
const SOCKET_IDLE_SECONDS = 60;
/** Bun cuts a silent HTTP response; the longest of ours waits for a call through the link. */
const HTTP_IDLE_SECONDS = 30;
/** Callbacks have a few KiB, user requests at most a long message; each route has its own, lower limit. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
const RECONNECT = JSON.stringify({ id: null, method: "reconnect" });
const EVERYONE = "everyone";

export interface GatewayServer {
  port: number;
  /** Tells every tRPC client to open a new socket and move its subscriptions there. */
  askToReconnect(): void;
  /** Takes no more connections. */
  stopAccepting(): void;
  close(): Promise<void>;
}

/** The gateway's one server: sockets by path, everything else to Hono. */
export function serve(options: {
  host: string;
  port: number;
  tls: { cert: string; key: string } | undefined;
  app: Hono;
  sockets: Readonly<Record<string, TrpcSockets>>;
}): GatewayServer {
  const { host, tls, app, sockets } = options;
  const server = listen<SocketData>({
    hostname: host,
    port: options.port,
    idleTimeout: HTTP_IDLE_SECONDS,
    maxRequestBodySize: MAX_BODY_BYTES,
    ...(tls ? { tls: { cert: Bun.file(tls.cert), key: Bun.file(tls.key) } } : {}),
    fetch(request, self) {
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        const { pathname, search } = new URL(request.url);
        const side = sockets[pathname];
        if (!side) return new Response(null, { status: 404 });
        const data: SocketData = { side, url: pathname + search, handler: undefined };
        return self.upgrade(request, { data }) ? undefined : new Response(null, { status: 426 });
      }
      return app.fetch(request);
    },
    websocket: {
      idleTimeout: SOCKET_IDLE_SECONDS,
      sendPings: true,
      maxPayloadLength: MAX_MESSAGE_BYTES,
      backpressureLimit: MAX_BUFFERED_BYTES,
      closeOnBackpressureLimit: true,
      perMessageDeflate: false,
      open(socket) {
        socket.subscribe(EVERYONE);
        socket.data.side.open(socket);
      },
      message(socket, message) {
        socket.data.handler?.received(message);
      },
      close(socket) {
        socket.data.handler?.closed();
      },
    },
  });
  return {
    port: server.port ?? options.port,
    askToReconnect: () => server.publish(EVERYONE, RECONNECT),
    stopAccepting() {
      server.stop(false).catch(() => {
        // close() reports what goes wrong.
      });
    },
    close: () => server.stop(true),
  };
}
