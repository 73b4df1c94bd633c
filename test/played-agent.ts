import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import type { AttemptContent } from "../src/contract/agent-api.ts";
import type { Order } from "../src/contract/job.ts";
import type { LinkRouter, PushResult } from "../src/contract/link-api.ts";
import type { AgentReport } from "../src/contract/presence.ts";
import type { ReplyEvent } from "../src/contract/reply-event.ts";
import { until } from "./until.ts";

const REPORT: AgentReport = { modelReady: true, slots: 2, running: 0, waiting: 0 };

/** An agent that does only what a test tells it; it takes its orders, and accepts them when told to. */
export interface PlayedAgent {
  /** All that came by this link, the repeated ones of the link before included. */
  orders: Order[];
  /** The jobs among them that it is to run, in order. */
  jobs(): string[];
  /** The jobs that it is to stop, in order. */
  cancelled(): string[];
  /** Everything so far is on its disk. */
  accept(): Promise<void>;
  /** Adds events to a job, behind what it has said of it by this link. */
  says(jobId: string, ...events: ReplyEvent[]): Promise<PushResult>;
  report(change: Partial<AgentReport>): Promise<void>;
  /** What it has of tasks, by task id. */
  contents: Map<string, AttemptContent[]>;
  close(): Promise<void>;
}

/** Resolves once it is online and has had the orders that were waiting for it. */
export async function playAgent(
  gatewayUrl: string,
  { id, key }: { id: string; key: string },
): Promise<PlayedAgent> {
  const socket = createWSClient({
    url: `${gatewayUrl.replace(/^http/, "ws")}/link`,
    connectionParams: () => ({ agentId: id, key, instance: `instance-of-${id}` }),
  });
  const link = createTRPCClient<LinkRouter>({ links: [wsLink({ client: socket })] });
  const orders: Order[] = [];
  const contents = new Map<string, AttemptContent[]>();
  const next = new Map<string, number>();
  let last = "";
  await link.report.mutate(REPORT);
  const { promise: subscribed, resolve } = Promise.withResolvers<void>();
  link.orders.subscribe(undefined, {
    onStarted: () => resolve(),
    onData({ id, data }) {
      // It does not ask to be told.
      if (data.t === "caught-up") return;
      last = id;
      orders.push(data);
    },
  });
  link.calls.subscribe(undefined, {
    onData({ callId, input }) {
      const { taskId = "" } = input as { taskId?: string };
      const found = contents.get(taskId);
      const result = found
        ? ({ ok: true, data: found } as const)
        : ({ ok: false, code: "NOT_FOUND", message: "没有这个任务" } as const);
      link.answer.mutate({ callId, result }).catch(() => {
        // The link has closed.
      });
    },
  });
  await subscribed;
  return {
    orders,
    contents,
    jobs: () => orders.flatMap((order) => (order.t === "run" ? [order.job.id] : [])),
    cancelled: () => orders.flatMap((order) => (order.t === "cancel" ? [order.jobId] : [])),
    async accept() {
      await until("an order", () => last !== "");
      await link.accept.mutate({ upTo: last });
    },
    async says(jobId, ...events) {
      const result = await link.push.mutate({ jobId, from: next.get(jobId) ?? 0, events });
      next.set(jobId, result.next);
      return result;
    },
    report: (change) => link.report.mutate({ ...REPORT, ...change }),
    close: () => socket.close(),
  };
}
