import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import type { Job, Order } from "../../contract/job.ts";
import type { CaughtUp, OrdersFrom } from "../../contract/link-api.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { pushEvents } from "../jobs/push-events.ts";
import { agentKeys } from "../redis/keys.ts";
import { whileFrozen } from "../../../test/frozen.ts";
import { until } from "../../../test/until.ts";
import { acceptOrders, followOrders } from "./orders.ts";

const AGENT = { id: "a1", epoch: 7 };
const keys = agentKeys(AGENT.id);
let parts: GatewaysOnRedis;

beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());
beforeEach(async () => {
  await parts.redis.flushall();
  await parts.redis.set(keys.epoch, AGENT.epoch);
});

async function queued(count: number): Promise<Job[]> {
  const jobs = Array.from({ length: count }, () => newJob());
  for (const job of jobs) await parts.jobs.enqueue(job, { channel: "test", origin: "" });
  return jobs;
}
async function take(count: number, from?: OrdersFrom): Promise<{ id: string; order: Order | CaughtUp }[]> {
  const stop = new AbortController();
  const taken: { id: string; order: Order | CaughtUp }[] = [];
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(5_000)]);
  for await (const [id, order] of followOrders({ ...parts, agent: AGENT, from, signal })) {
    taken.push({ id, order });
    if (taken.length === count) break;
  }
  stop.abort();
  return taken;
}
const statuses = (jobs: readonly Job[]) =>
  Promise.all(jobs.map(async ({ id }) => (await parts.jobs.find(id))?.status));

test("an agent gets every order that it has not accepted, again with each link, in order", async () => {
  const jobs = await queued(3);
  for (const _link of [1, 2]) {
    const orders = (await take(3)).map(({ order }) => order);
    expect(orders).toEqual(jobs.map((job) => ({ t: "run", job })));
  }
  const [first] = await take(1);
  expect((await take(2, { lastEventId: first?.id ?? "" })).map(({ order }) => order)).toEqual(
    jobs.slice(1).map((job) => ({ t: "run", job })),
  );
});

test("accepting lets go of the orders up to there, once, and of no later one", async () => {
  const jobs = await queued(3);
  const second = (await take(3))[1]?.id ?? "";
  await acceptOrders(parts.redis, AGENT, second);
  await acceptOrders(parts.redis, AGENT, second);
  expect(await statuses(jobs)).toEqual(["delivered", "delivered", "queued"]);
  expect(await parts.redis.xlen(keys.orders)).toBe(1);
  const changes = await parts.redis.xrange(keys.changes, "-", "+");
  expect(changes.filter(([, fields]) => fields.includes("delivered"))).toHaveLength(2);
});

test("a job that runs before its order is accepted stays running", async () => {
  const jobs = await queued(1);
  const [taken] = await take(1);
  await pushEvents(parts.redis, AGENT, { jobId: jobs[0]?.id ?? "", from: 0, events: [{ t: "started" }] });
  await acceptOrders(parts.redis, AGENT, taken?.id ?? "");
  expect(await statuses(jobs)).toEqual(["running"]);
});

test("a link that was superseded lets go of nothing, and is told so: the agent accepts over the new one", async () => {
  const jobs = await queued(1);
  const [taken] = await take(1);
  const older = { ...AGENT, epoch: AGENT.epoch - 1 };
  expect(await acceptOrders(parts.redis, older, taken?.id ?? "").catch(reasonOf)).toBe("superseded");
  expect(await statuses(jobs)).toEqual(["queued"]);
  expect(await parts.redis.xlen(keys.orders)).toBe(1);
});

test("who asks for it is told when those that waited have come, be there many or none, before what comes later", async () => {
  const from: OrdersFrom = { tellCaughtUp: true };
  expect(await take(1, from)).toEqual([{ id: "0-0", order: { t: "caught-up" } }]);
  // More than are read at once.
  const jobs = await queued(130);
  const taken = await take(131, from);
  expect(taken.map(({ order }) => order.t)).toEqual([...jobs.map(() => "run" as const), "caught-up"]);
  // So that who resumes there misses and repeats nothing.
  const last = taken.at(-2)?.id ?? "";
  expect(taken.at(-1)?.id).toBe(last);
  expect(await take(1, { ...from, lastEventId: last })).toEqual([{ id: last, order: { t: "caught-up" } }]);

  const stop = new AbortController();
  const orders = followOrders({
    ...parts,
    agent: AGENT,
    from: { ...from, lastEventId: last },
    signal: stop.signal,
  });
  await orders.next();
  const [late] = await queued(1);
  expect((await orders.next()).value).toMatchObject([
    expect.any(String),
    { t: "run", job: { id: late?.id } },
  ]);
  stop.abort();
  await orders.return(undefined);
});

test("an agent that wants it gets an order here before Redis has it, and then the order itself", async () => {
  const stop = new AbortController();
  const taken: { id: string; order: Order | CaughtUp }[] = [];
  const from = { tellCaughtUp: true, early: true } as const;
  const following = (async () => {
    for await (const [id, order] of followOrders({ ...parts, agent: AGENT, from, signal: stop.signal })) {
      taken.push({ id, order });
    }
  })();
  await until("it has read the stream", () => taken.length === 1);
  const job = newJob();
  let queued: Promise<void> | undefined;
  await whileFrozen(parts.server, async () => {
    queued = parts.jobs.enqueue(job, { channel: "test", origin: "" });
    await until("the early one", () => taken.length === 2);
  });
  expect(taken[1]).toEqual({ id: taken[0]?.id ?? "", order: { t: "run", job } });
  await queued;
  await until("the order", () => taken.length === 3);
  expect(taken[2]?.order).toEqual({ t: "run", job });
  // Only by this one it can be accepted.
  await acceptOrders(parts.redis, AGENT, taken[1]?.id ?? "");
  expect(await statuses([job])).toEqual(["queued"]);
  await acceptOrders(parts.redis, AGENT, taken[2]?.id ?? "");
  expect(await statuses([job])).toEqual(["delivered"]);
  stop.abort();
  await following;
});
