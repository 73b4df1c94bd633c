import { createWSClient, type TRPCWebSocketClient } from "@trpc/client";
import type { Cell } from "../cell";
import type { WxPort } from "../wx-port";
import { type ConnectionState, keepConnectionState } from "./connection-state";
import { type PhonePort, watchPhone } from "./phone";
import { openRetryGate } from "./retry-gate";
import type { Session } from "./session";
import { openWxSockets } from "./wx-socket";

const PING_MS = 20_000;
const PONG_WAIT_MS = 8_000;
/** What a socket that may have died unseen gets to show that it has not. */
const PROBE_MS = 2_000;
/** An attempt older than this is not worth waiting for when there is reason to try anew. */
const STALE_ATTEMPT_MS = 3_000;
/** What the gateway still answers on a socket whose token it refuses is worth hearing: each call learns why. */
export const REFUSED_SOCKET_MS = 200;

/** The one socket to the gateway, always opened again. */
export interface Connection {
  readonly client: TRPCWebSocketClient;
  readonly state: Cell<ConnectionState>;
  /** The gateway has answered somebody who is signed in. */
  accepted(): void;
  /** The gateway takes the token no longer: the next socket comes with another. */
  refused(): void;
  /** The same, because this device was removed: there is no next socket before somebody signs in again. */
  removed(): void;
  /** Tries now: there is reason to hope, or to doubt that the socket still lives. */
  reconnect(): void;
  close(): void;
}

export function openConnection(parts: {
  wx: Pick<WxPort, "connectSocket"> & PhonePort;
  url: string;
  session: Session;
}): Connection {
  const { wx, url, session } = parts;
  const sockets = openWxSockets(wx);
  const gate = openRetryGate();
  const keeper = keepConnectionState();
  /** What the newest socket has said who we are. */
  let shownToken = "";
  let doomed: ReturnType<typeof setTimeout> | undefined;

  const client = createWSClient({
    // The client's own pauses cannot be cut short; these can. Who is not signed in does that first.
    async url() {
      await gate.wait();
      await session.token();
      return url;
    },
    retryDelayMs: () => 0,
    async connectionParams() {
      shownToken = await session.token();
      return { token: shownToken };
    },
    WebSocket: sockets.WebSocket,
    keepAlive: { enabled: true, intervalMs: PING_MS, pongTimeoutMs: PONG_WAIT_MS },
  });
  const watching = client.connectionState.subscribe({
    next: ({ state }) => {
      if (state !== "pending") keeper.lost();
    },
  });

  function dropAll(): void {
    for (const socket of sockets.present()) socket.drop();
  }
  function dropRefused(): void {
    if (doomed !== undefined) return;
    const present = sockets.present();
    doomed = setTimeout(() => {
      doomed = undefined;
      for (const socket of present) socket.drop();
    }, REFUSED_SOCKET_MS);
  }
  function reconnect(): void {
    keeper.trying();
    gate.openNow();
    for (const socket of sockets.present()) {
      if (socket.readyState !== 0) socket.probe(PROBE_MS);
      else if (Date.now() - socket.madeAt > STALE_ATTEMPT_MS) socket.drop();
    }
  }
  const unwatchPhone = watchPhone(wx, {
    onShow: reconnect,
    onHide: gate.hold,
    onNetwork: reconnect,
    onNoNetwork: dropAll,
  });

  return {
    client,
    state: keeper.state,
    accepted() {
      gate.succeeded();
      keeper.online();
    },
    refused() {
      session.forget(shownToken);
      dropRefused();
    },
    removed() {
      session.end(shownToken);
      dropRefused();
    },
    reconnect,
    close() {
      if (doomed !== undefined) clearTimeout(doomed);
      unwatchPhone();
      watching.unsubscribe();
      keeper.stop();
      client.close().catch(() => undefined);
      dropAll();
    },
  };
}
