import { TRPCError } from "@trpc/server";
import * as v from "valibot";
import { type LinkContext, LinkGreeting, type LinkPort, linkRouter } from "../contract/link-api.ts";
import type { Logger } from "../log.ts";
import type { Links } from "./link/links.ts";
import { type TrpcSockets, trpcSockets } from "./trpc-sockets.ts";

/** A frozen agent is noticed after both: within 10 s, as its users are to be told that it is away. */
const KEEP_ALIVE = { pingMs: 2_500, pongWaitMs: 3_000 };

/** An agent that comes back sends what it has of all its jobs in one message; its size is bounded (serve.ts). */
const MAX_BATCH = 10_000;

/** `/link` for agents: `connectionParams` is a LinkGreeting. The socket closes when a newer link takes over. */
export function linkSockets(options: { links: Links; port: LinkPort; log: Logger }): TrpcSockets {
  const { links, port, log } = options;
  return trpcSockets({
    router: linkRouter,
    keepAlive: KEEP_ALIVE,
    maxBatch: MAX_BATCH,
    async createContext(connectionParams, caller): Promise<LinkContext> {
      const greeting = v.safeParse(LinkGreeting, connectionParams);
      if (!greeting.success) throw new TRPCError({ code: "BAD_REQUEST", message: "连接参数不正确" });
      const link = await links.open(greeting.output);
      caller.onClose = () => link.close();
      link.signal.addEventListener("abort", () => caller.close(), { once: true });
      // It may have closed while Redis was asked; then nobody will say so any more.
      if (!caller.isOpen()) link.close();
      return { agent: link.agent, link: port };
    },
    onError({ error, path }) {
      if (error.code === "INTERNAL_SERVER_ERROR") log.error("处理智能体请求时出错", { path, error });
    },
  });
}
