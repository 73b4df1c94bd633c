import { createTRPCClient, createWSClient, type TRPCClient, wsLink } from "@trpc/client";
import { backoffMs, pause } from "../../backoff.ts";
import type { Order } from "../../contract/job.ts";
import type { AgentCall, LinkGreeting, LinkRouter } from "../../contract/link-api.ts";
import type { Logger } from "../../log.ts";
import { expressLink } from "./express-link.ts";
import { firmSocket, type Rejection } from "./firm-socket.ts";

/** A restarted gateway is found within half a second; one that stays away is asked less and less. */
const RECONNECT = { firstMs: 250, maxMs: 15_000, quickTries: 40 };
/** After being turned down only a person can help, or the other machine going away. */
const REJECTED = { firstMs: 5_000, maxMs: 60_000 };
/** A subscription that lasted this long was fine: what ends it is a new matter. */
const STABLE_MS = 10_000;
/** A frozen gateway is noticed after both. */
const KEEP_ALIVE = { enabled: true, intervalMs: 3_000, pongTimeoutMs: 2_500 };
/** A request that the gateway has not answered by then is made again. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface Link {
  gateway: TRPCClient<LinkRouter>;
  /** Ends with the link or after a named timeout, for one request. */
  requestSignal(): AbortSignal;
  connected(): boolean;
  /** Why the gateway turns this agent down, if it does. */
  rejection(): Rejection | undefined;
  close(): Promise<void>;
}

export interface LinkHandlers {
  onOrder(id: string, order: Order): void;
  /** With this socket all orders have come that were waiting. A gateway from before it could say so does not. */
  onCaughtUp(): void;
  onCall(call: AgentCall): void;
  /** The gateway has accepted a socket: the first, one after a break, or one that takes the place of another. */
  onConnected(): void;
}

/** Keeps the agent's one WebSocket to the gateway open. */
export function openLink(options: {
  url: string;
  ca: string | undefined;
  greeting: LinkGreeting;
  handlers: LinkHandlers;
  log: Logger;
}): Link {
  const { url, ca, greeting, handlers, log } = options;
  const closing = new AbortController();
  const { signal } = closing;
  let rejection: Rejection | undefined;
  let rejections = 0;
  /** Two for a moment, when the gateway has asked to move. */
  let acceptedSockets = 0;

  const socket = createWSClient({
    url,
    WebSocket: firmSocket({
      ca,
      onRejected(why) {
        if (rejection?.message !== why.message) log.error("网关拒绝了本机的连接", { ...why });
        rejection = why;
        rejections++;
      },
      onAccepted() {
        if (acceptedSockets++ === 0) log.info("已连接到网关");
        rejection = undefined;
        rejections = 0;
        handlers.onConnected();
      },
      onLost() {
        if (--acceptedSockets === 0) log.warn("与网关的连接已断开，正在重连");
      },
    }),
    connectionParams: { ...greeting },
    retryDelayMs: (attempt) =>
      rejection ? backoffMs(rejections - 1, REJECTED) : backoffMs(attempt, RECONNECT),
    keepAlive: KEEP_ALIVE,
  });
  const gateway = createTRPCClient<LinkRouter>({ links: [expressLink(socket), wsLink({ client: socket })] });

  /** Keeps a subscription open: tRPC itself resumes it after a break, but not after an error of the gateway. */
  async function keep(subscribe: (onEnd: () => void) => { unsubscribe(): void }): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const since = performance.now();
      const ended = Promise.withResolvers<void>();
      const subscription = subscribe(() => ended.resolve());
      signal.addEventListener("abort", () => ended.resolve(), { once: true });
      await ended.promise;
      subscription.unsubscribe();
      if (performance.now() - since > STABLE_MS) attempt = 0;
      await pause(backoffMs(attempt, RECONNECT), signal);
    }
  }

  const orders = keep((onEnd) =>
    // From the start each time: the gateway's queue holds just what this agent has not accepted.
    gateway.orders.subscribe(
      { tellCaughtUp: true, early: true },
      {
        onData({ id, data }) {
          // Synchronous to its end: tRPC resumes after this id once it returns.
          if (data.t === "caught-up") handlers.onCaughtUp();
          else handlers.onOrder(id, data);
        },
        onError: onEnd,
        onComplete: onEnd,
      },
    ),
  );
  const calls = keep((onEnd) =>
    gateway.calls.subscribe(undefined, {
      onData: (call) => handlers.onCall(call),
      onError: onEnd,
      onComplete: onEnd,
    }),
  );

  return {
    gateway,
    requestSignal: () => AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    connected: () => acceptedSockets > 0,
    rejection: () => rejection,
    async close() {
      closing.abort();
      await Promise.all([orders, calls]);
      await socket.close();
    },
  };
}
