import { Hono } from "hono";
import { type LinkContext, type LinkPort, linkRouter } from "../src/contract/link-api.ts";
import { isTerminal } from "../src/contract/reply-event.ts";
import type { Tracked } from "../src/contract/tracked.ts";
import type { Order } from "../src/contract/job.ts";
import { serve } from "../src/gateway/serve.ts";
import { trpcSockets } from "../src/gateway/trpc-sockets.ts";
import { answerCommands } from "./load-process.ts";

/** Baseline, as a process: a link that hands out tasks from memory and takes whatever is said of them. */
export interface RawLink {
  /** Returns the address for agents, `ws://…`. */
  serve(): Promise<string>;
  /** Gives so many tasks of so many users to the next agent that comes; resolves with the time they take from then. */
  drain(tasks: {
    agentId: string;
    prompt: string;
    count: number;
    users: number;
  }): Promise<{ seconds: number }>;
}

let orders: Tracked<Order>[] = [];
let openEnds = new Set<string>();
let comesAt = 0;
let drained: PromiseWithResolvers<void> | undefined;

const port: LinkPort = {
  async *orders(_agent, _lastEventId, signal) {
    yield* orders;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
  accept: () => Promise.resolve(),
  push(_agent, { jobId, from, events }) {
    const closed = events.some(isTerminal);
    if (closed && openEnds.delete(jobId) && openEnds.size === 0) drained?.resolve();
    return Promise.resolve({ next: from + events.length, closed });
  },
  report: () => Promise.resolve(),
  async *calls(_agent, signal) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    yield* [];
  },
  answer: () => Promise.resolve(),
};

answerCommands({
  serve(): ReturnType<RawLink["serve"]> {
    const link = trpcSockets({
      router: linkRouter,
      maxBatch: 10_000,
      createContext({ agentId = "" }): Promise<LinkContext> {
        comesAt = performance.now();
        return Promise.resolve({ agent: { id: agentId, epoch: 1 }, link: port });
      },
      onError: ({ error }) => console.error(error),
    });
    const server = serve({
      host: "127.0.0.1",
      port: 0,
      tls: undefined,
      app: new Hono(),
      sockets: { "/link": link },
    });
    return Promise.resolve(`ws://127.0.0.1:${server.port}/link`);
  },
  async drain({ agentId, prompt, count, users }: Parameters<RawLink["drain"]>[0]) {
    const round = Bun.randomUUIDv7().replaceAll("-", "");
    orders = Array.from({ length: count }, (_, i) => {
      const conversationId = `${agentId}.t${round}${i}`;
      const job = { id: `${conversationId}x`, kind: "task", conversationId, text: prompt } as const;
      return [`${i + 1}-0`, { t: "run", job: { ...job, userId: `u${i % users}`, createdAt: Date.now() } }];
    });
    openEnds = new Set(orders.map(([, order]) => (order.t === "run" ? order.job.id : "")));
    drained = Promise.withResolvers();
    await drained.promise;
    return { seconds: (performance.now() - comesAt) / 1_000 };
  },
});
