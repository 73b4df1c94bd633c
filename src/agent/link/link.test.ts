import { afterEach, expect, test } from "bun:test";
import { getLogger } from "@logtape/logtape";
import { newJob } from "../../../test/gateway-parts.ts";
import { startLinkGateway } from "../../../test/link-gateway.ts";
import { until } from "../../../test/until.ts";
import type { Order } from "../../contract/job.ts";
import type { LinkPort } from "../../contract/link-api.ts";
import { openLink } from "./link.ts";

const GREETING = { agentId: "a1", key: "right-key", instance: "instance-1" };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Ends with the test. What is pushed is answered with the link's number. */
function gateway(options: Parameters<typeof startLinkGateway>[0] = {}) {
  const push: LinkPort["push"] = ({ epoch }) => Promise.resolve({ next: epoch, closed: true });
  const far = startLinkGateway({ push, ...options });
  cleanups.push(() => far.server.close());
  return far;
}
const run = (): Order => ({ t: "run", job: newJob() });

function linkTo(port: number) {
  const orders: Order[] = [];
  /** How many orders had come, each time it was told that those were all. */
  const caughtUp: number[] = [];
  let connections = 0;
  const link = openLink({
    url: `ws://127.0.0.1:${port}/link`,
    ca: undefined,
    greeting: GREETING,
    log: getLogger(["claw", "test"]),
    handlers: {
      onOrder: (_id, order) => orders.push(order),
      onCaughtUp: () => caughtUp.push(orders.length),
      onCall: () => {},
      onConnected: () => connections++,
    },
  });
  cleanups.push(() => link.close());
  return { link, orders, caughtUp, connections: () => connections };
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

test("with each link it is told when it has had the orders that waited, be there any or none", async () => {
  for (const waiting of [[], [run(), run()]]) {
    const far = gateway({ waiting });
    const { orders, caughtUp } = linkTo(far.server.port);
    await until("the word", () => caughtUp.length === 1);
    far.order(run());
    await until("the order", () => orders.length === waiting.length + 1);
    far.server.askToReconnect();
    await until("the word of the next link", () => caughtUp.length === 2);
    expect(caughtUp).toEqual([waiting.length, orders.length]);
  }
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
