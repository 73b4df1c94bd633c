import { createTRPCClient, type TRPCClient, wsLink } from "@trpc/client";
import type { UserRouter } from "../../../src/contract/user-api";
import type { Connection } from "./connection";
import { goOnLink, timeLimitLink } from "./trpc-links";

/** The agent's own answers take the gateway up to ten seconds. */
const CALL_TIMEOUT_MS = 12_000;

/** @param trouble why there is no connection, for people */
export function openApi(
  connection: Pick<Connection, "client" | "refused">,
  trouble: () => string | undefined,
): TRPCClient<UserRouter> {
  return createTRPCClient<UserRouter>({
    links: [
      timeLimitLink(CALL_TIMEOUT_MS, trouble),
      goOnLink(connection),
      wsLink<UserRouter>({ client: connection.client }),
    ],
  });
}
