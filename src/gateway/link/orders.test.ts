import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import type { Job, Order } from "../../contract/job.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { pushEvents } from "../jobs/push-events.ts";
import { agentKeys } from "../redis/keys.ts";
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
async function take(count: number, after?: string): Promise<{ id: string; order: Order }[]> {
  const stop = new AbortController();
  const taken: { id: string; order: Order }[] = [];
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(5_000)]);
  for await (const [id, order] of followOrders({ ...parts, agent: AGENT, after, signal })) {
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
  expect((await take(2, first?.id)).map(({ order }) => order)).toEqual(
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
