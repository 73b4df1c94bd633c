import { Hono } from "hono";
import type { Order } from "../src/contract/job.ts";
import { type LinkContext, linkRouter, type LinkPort } from "../src/contract/link-api.ts";
import { refusal } from "../src/contract/refusal.ts";
import { openMailbox } from "../src/gateway/redis/mailbox.ts";
import { serve } from "../src/gateway/serve.ts";
import { type Caller, trpcSockets } from "../src/gateway/trpc-sockets.ts";

/**
 * A gateway's link side on a real socket. Orders are given to every socket that asks for them; what agents ask of it
 * fails, unless a test says otherwise.
 */
export function startLinkGateway(
  options: {
    accepts?: () => boolean;
    port?: number;
    /** Orders that each subscription begins with. */
    waiting?: readonly Order[];
    /** From before a gateway could say that these were all. */
    old?: boolean;
    push?: LinkPort["push"];
  } = {},
) {
  const { waiting = [], old = false } = options;
  const open = new Set<Caller>();
  const listeners = new Set<(order: [string, Order]) => void>();
  let opened = 0;
  let orders = 0;
  let ends = new AbortController();
  const never = () => Promise.reject(new Error("not asked"));
  const port: LinkPort = {
    async *orders(_agent, from, signal) {
      const mailbox = openMailbox<[string, Order] | null>({
        signal: AbortSignal.any([signal, ends.signal]),
        limit: 100,
        overflow: null,
      });
      const listener = (order: [string, Order]) => mailbox.put(order);
      listeners.add(listener);
      try {
        for (const order of waiting) yield [`${++orders}-0`, order];
        if (from?.tellCaughtUp && !old) yield [`${orders}-0`, { t: "caught-up" }];
        for (let taken = await mailbox.take(); taken; taken = await mailbox.take())
          for (const order of taken) if (order) yield order;
      } finally {
        listeners.delete(listener);
      }
    },
    async *calls() {},
    accept: never,
    push: options.push ?? never,
    report: never,
    answer: never,
  };
  const link = trpcSockets({
    router: linkRouter,
    maxBatch: 10_000,
    createContext(_connectionParams, caller): Promise<LinkContext> {
      if (options.accepts?.() === false) return Promise.reject(refusal("agent-id-in-use", "另一台机器在线"));
      open.add(caller);
      caller.onClose = () => open.delete(caller);
      return Promise.resolve({ agent: { id: "a1", epoch: ++opened }, link: port });
    },
    onError: () => {},
  });
  const server = serve({
    host: "127.0.0.1",
    port: options.port ?? 0,
    tls: undefined,
    app: new Hono(),
    sockets: { "/link": link },
  });
  return {
    server,
    open,
    opened: () => opened,
    listening: () => listeners.size,
    order: (order: Order) => {
      const id = `${++orders}-0`;
      for (const listener of listeners) listener([id, order]);
    },
    endSubscriptions() {
      ends.abort();
      ends = new AbortController();
    },
  };
}
