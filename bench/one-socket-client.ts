import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import { expressLink } from "../src/agent/link/express-link.ts";
import type { UserRouter } from "../src/contract/user-api.ts";
import type { UserClient } from "../test/system.ts";

/** A user's client with one socket for everything, as a mini-program has it, and mutations that leave it at once. */
export function openOneSocketClient(gatewayUrl: string, token: string): UserClient {
  const socket = createWSClient({
    url: `${gatewayUrl.replace(/^http/, "ws")}/trpc`,
    connectionParams: () => ({ token }),
  });
  const api = createTRPCClient<UserRouter>({ links: [expressLink(socket), wsLink({ client: socket })] });
  return { api, close: () => socket.close() };
}
