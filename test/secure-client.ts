import { createTRPCClient, createWSClient, httpLink, splitLink, wsLink } from "@trpc/client";
import type { UserRouter } from "../src/contract/user-api.ts";
import type { UserClient } from "./system.ts";

/** A user's client over TLS, and what became of its sockets. */
export interface SecureClient extends UserClient {
  /** Sockets opened so far. */
  sockets(): number;
  /** How often the gateway has asked it to move to a new socket. */
  toldToReconnect(): number;
}

/** @param url the gateway's `https://` address; `ca`: PEM of the authority that it trusts */
export function openSecureClient(url: string, token: string, ca: string): SecureClient {
  let sockets = 0;
  let toldToReconnect = 0;
  class SecureSocket extends WebSocket {
    constructor(address: string | URL) {
      super(address, { tls: { ca } });
      sockets++;
      this.addEventListener("message", ({ data }) => {
        if (String(data).includes('"method":"reconnect"')) toldToReconnect++;
      });
    }
  }
  const socket = createWSClient({
    url: `${url.replace(/^http/, "ws")}/trpc`,
    connectionParams: () => ({ token }),
    retryDelayMs: (attempt) => Math.min(50 * 2 ** attempt, 250),
    lazy: { enabled: true, closeMs: 60_000 },
    WebSocket: SecureSocket,
  });
  const secureFetch = (input: URL | Request | string, init?: object) =>
    fetch(input, { ...init, tls: { ca } });
  const api = createTRPCClient<UserRouter>({
    links: [
      splitLink({
        condition: (op) => op.type === "subscription",
        true: wsLink({ client: socket }),
        false: httpLink({
          url: `${url}/trpc`,
          headers: { authorization: `Bearer ${token}` },
          // Bun's Response is one; its type has more than tRPC's knows.
          fetch: secureFetch as never,
        }),
      }),
    ],
  });
  return {
    api,
    close: () => socket.close(),
    sockets: () => sockets,
    toldToReconnect: () => toldToReconnect,
  };
}

/** Plain HTTP for a caller that cannot be told whom to trust: each request goes on over a TLS connection of its own. */
export function openTlsFront(url: string, ca: string): { url: string; stop(): Promise<void> } {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = { "content-type": request.headers.get("content-type") ?? "" };
      const body = request.method === "POST" ? await request.text() : null;
      return fetch(`${url}${pathname}${search}`, {
        method: request.method,
        headers,
        body,
        redirect: "manual",
        keepalive: false,
        tls: { ca },
      });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
