import type { Hono } from "hono";
import { listen } from "../listen.ts";
import type { Certificate } from "./certificate.ts";
import { successiveServers } from "./successive-servers.ts";
import { RECONNECT, type SocketData, type TrpcSockets } from "./trpc-sockets.ts";

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
/** Linux shares a port between listeners who both ask for it; elsewhere `reusePort` means something else, or nothing. */
const CAN_SHARE_PORT = process.platform === "linux";
const EVERYONE = "everyone";

export interface GatewayServer {
  port: number;
  /** Tells every tRPC client to open a new socket and move its subscriptions there. */
  askToReconnect(): void;
  /**
   * New connections get this certificate; those that are open go on with theirs. Resolves when it is so, or at the stop.
   *
   * @param onDelay called once when the port cannot be had at once; where it cannot be shared, all sockets are then closed
   */
  useCertificate(certificate: Certificate, onDelay: (error: unknown) => void): Promise<void>;
  /** Takes no more connections. */
  stopAccepting(): void;
  close(): Promise<void>;
}

interface ServeOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Undefined: plain HTTP. */
  tls: Certificate | undefined;
  app: Hono;
  sockets: Readonly<Record<string, TrpcSockets>>;
}

/** The gateway's one address: sockets by path, everything else to Hono. */
export function serve(options: ServeOptions): GatewayServer {
  const sharesPort = CAN_SHARE_PORT && options.tls !== undefined;
  if (sharesPort) proveFree(options.host, options.port);
  const first = open(options, sharesPort);
  const port = first.port ?? options.port;
  const servers = successiveServers(first, sharesPort);
  return {
    port,
    askToReconnect() {
      for (const server of servers.living()) server.publish(EVERYONE, RECONNECT);
    },
    useCertificate: (tls, onDelay) =>
      servers.replace(() => open({ ...options, port, tls }, sharesPort), onDelay),
    stopAccepting: () => servers.stopAccepting(),
    close: () => servers.close(),
  };
}

/** A second gateway on this machine would share the port, too, and take half of the callers. @throws ExplainedError */
function proveFree(hostname: string, port: number): void {
  const alone = listen({ hostname, port, fetch: () => new Response(null, { status: 503 }) });
  alone.stop(true).catch(() => {
    // It has no sockets that could fail to close.
  });
}

function open({ host, port, tls, app, sockets }: ServeOptions, reusePort: boolean): Bun.Server<SocketData> {
  return listen<SocketData>({
    hostname: host,
    port,
    reusePort,
    idleTimeout: HTTP_IDLE_SECONDS,
    maxRequestBodySize: MAX_BODY_BYTES,
    ...(tls ? { tls: { cert: tls.cert, key: tls.key } } : {}),
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
}
