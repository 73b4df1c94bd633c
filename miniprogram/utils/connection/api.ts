import { createTRPCClient, type TRPCClient, wsLink } from "@trpc/client";
import type { UserRouter } from "../../../src/contract/user-api";
import type { Connection } from "./connection";
import type { Session } from "./session";
import { goOnLink, removedLink, timeLimitLink } from "./trpc-links";

/** The agent's own answers take the gateway up to ten seconds. */
const CALL_TIMEOUT_MS = 12_000;

export function openApi(
  connection: Pick<Connection, "client" | "refused" | "removed">,
  session: Pick<Session, "removed" | "trouble">,
): TRPCClient<UserRouter> {
  return createTRPCClient<UserRouter>({
    links: [
      removedLink(() => session.removed.value),
      timeLimitLink(CALL_TIMEOUT_MS, () => session.trouble.value),
      goOnLink(connection),
      wsLink<UserRouter>({ client: connection.client }),
    ],
  });
}
