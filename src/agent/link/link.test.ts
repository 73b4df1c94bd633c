import { afterEach, expect, test } from "bun:test";
import { getLogger } from "@logtape/logtape";
import { Hono } from "hono";
import { newJob } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { Order } from "../../contract/job.ts";
import { type LinkContext, linkRouter, type LinkPort } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import { serve } from "../../gateway/serve.ts";
import { type Caller, trpcSockets } from "../../gateway/trpc-sockets.ts";
import { openMailbox } from "../../gateway/redis/mailbox.ts";
import { openLink } from "./link.ts";

const GREETING = { agentId: "a1", key: "right-key", instance: "instance-1" };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A gateway's link side on a real socket. Orders are given to every socket that asks for them. */
function gateway(options: { accepts?: () => boolean; port?: number } = {}) {
  const open = new Set<Caller>();
  const listeners = new Set<(order: [string, Order]) => void>();
  let opened = 0;
  let orders = 0;
  let ends = new AbortController();
  const never = () => Promise.reject(new Error("not asked"));
  const port: LinkPort = {
    async *orders(_agent, _after, signal) {
      const mailbox = openMailbox<[string, Order] | null>({
        signal: AbortSignal.any([signal, ends.signal]),
        limit: 100,
        overflow: null,
      });
      const listener = (order: [string, Order]) => mailbox.put(order);
      listeners.add(listener);
      try {
        for (let taken = await mailbox.take(); taken; taken = await mailbox.take())
          for (const order of taken) if (order) yield order;
      } finally {
        listeners.delete(listener);
      }
    },
    async *calls() {},
    accept: never,
    push: ({ epoch }) => Promise.resolve({ next: epoch, closed: true }),
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
  cleanups.push(() => server.close());
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
const run = (): Order => ({ t: "run", job: newJob() });

function linkTo(port: number) {
  const orders: Order[] = [];
  let connections = 0;
  const link = openLink({
    url: `ws://127.0.0.1:${port}/link`,
    ca: undefined,
    greeting: GREETING,
    log: getLogger(["claw", "test"]),
    handlers: {
      onOrder: (_id, order) => orders.push(order),
      onCall: () => {},
      onConnected: () => connections++,
    },
  });
  cleanups.push(() => link.close());
  return { link, orders, connections: () => connections };
}

test("is connected once the gateway has accepted it, and brings orders in order", async () => {
  const far = gateway();
  const { link, orders, connections } = linkTo(far.server.port);
  expect(link.connected()).toBe(false);
  await until("the link", () => link.connected() && far.listening() === 1);
  const given = [run(), { t: "cancel", jobId: "a1.j1" } as const, run()];
  for (const order of given) far.order(order);
  await until("the orders", () => orders.length === 3);
  expect(orders).toEqual(given);
  expect(connections()).toBe(1);
});

test("asked to move, it stays connected, tells that it has moved, and misses no order", async () => {
  const far = gateway();
  const { link, orders, connections } = linkTo(far.server.port);
  await until("the link", () => far.listening() === 1);
  for (let moves = 1; moves <= 2; moves++) {
    far.server.askToReconnect();
    await until("the move", () => far.opened() === moves + 1 && far.open.size === 1 && far.listening() === 1);
    await until("it to be told", () => connections() === moves + 1);
    expect(link.connected()).toBe(true);
    far.order(run());
    await until("the order", () => orders.length === moves);
    // What it asks for goes over the new socket.
    const events = [{ t: "started" as const }];
    const answer = await link.gateway.push.mutate({ jobId: "a1.j1", from: 0, events });
    expect(answer.next).toBe(moves + 1);
  }
});

test("a gateway that goes and comes back is found again", async () => {
  const far = gateway();
  const { link, orders } = linkTo(far.server.port);
  await until("the link", () => far.listening() === 1);
  await far.server.close();
  await until("it to notice", () => !link.connected());
  const back = gateway({ port: far.server.port });
  await until("the link", () => link.connected() && back.listening() === 1);
  back.order(run());
  await until("the order", () => orders.length === 1);
});

test("turned down, it says why, and is not connected", async () => {
  const far = gateway({ accepts: () => false });
  const { link, connections } = linkTo(far.server.port);
  await until("the rejection", () => link.rejection() !== undefined);
  expect(link.rejection()).toEqual({ reason: "agent-id-in-use", message: "另一台机器在线" });
  expect([link.connected(), connections()]).toEqual([false, 0]);
});

test("orders that the gateway has ended are asked for again", async () => {
  const far = gateway();
  const { orders } = linkTo(far.server.port);
  await until("the link", () => far.listening() === 1);
  far.endSubscriptions();
  await until("no orders", () => far.listening() === 0);
  await until("orders again", () => far.listening() === 1);
  far.order(run());
  await until("the order", () => orders.length === 1);
});

test("a request fails when its gateway goes, or its time is up", async () => {
  const far = gateway();
  const { link } = linkTo(far.server.port);
  await until("the link", () => link.connected());
  const report = { modelReady: true, slots: 1, running: 0, waiting: 0 };
  expect(await link.gateway.report.mutate(report).catch(() => "failed")).toBe("failed");
  await far.server.close();
  const events = [{ t: "started" as const }];
  const push = { jobId: "a1.j1", from: 0, events };
  const signal = AbortSignal.timeout(100);
  expect(await link.gateway.push.mutate(push, { signal }).catch(() => "failed")).toBe("failed");
});
