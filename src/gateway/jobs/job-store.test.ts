import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import type { Order } from "../../contract/job.ts";
import { acceptOrders } from "../link/orders.ts";
import { agentKeys } from "../redis/keys.ts";
import { readStream } from "../redis/stream.ts";
import { readOutcome } from "./job-events.ts";
import { pushEvents } from "./push-events.ts";

const AGENT = { id: "a1", epoch: 7 };
const SOURCE = { channel: "wecom", origin: "zhangsan" };
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

async function orders(): Promise<Order[]> {
  const entries = await readStream(parts.redis, keys.orders, "0-0");
  return entries.map(([, fields]) => JSON.parse(fields["order"] ?? "") as Order);
}
async function changes(): Promise<(string | undefined)[]> {
  const entries = await readStream(parts.redis, keys.changes, "0-0");
  return entries.map(([, fields]) => fields["status"]);
}
async function lastOrderId(): Promise<string> {
  const [last] = await parts.redis.xrevrange(keys.orders, "+", "-", "COUNT", 1);
  return last?.[0] ?? "";
}

test("a job sent many times at once, by two gateways, is queued once", async () => {
  const job = newJob();
  const other = await parts.another();
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? parts : other).jobs.enqueue(job, SOURCE)),
  );
  expect(await orders()).toEqual([{ t: "run", job }]);
  expect(await changes()).toEqual(["queued"]);
  expect(await parts.jobs.find(job.id)).toMatchObject({
    ...SOURCE,
    id: job.id,
    userId: "u1",
    agentId: "a1",
    status: "queued",
    preview: job.text,
  });
});

test("sent again after the agent has taken it, or it has ended, a job is not queued again", async () => {
  const job = newJob();
  await parts.jobs.enqueue(job, SOURCE);
  await acceptOrders(parts.redis, AGENT, await lastOrderId());
  await parts.jobs.enqueue(job, SOURCE);
  expect(await orders()).toEqual([]);
  await pushEvents(parts.redis, AGENT, { jobId: job.id, from: 0, events: [{ t: "done", text: "答" }] });
  await parts.jobs.enqueue(job, SOURCE);
  expect(await orders()).toEqual([]);
  expect((await parts.jobs.find(job.id))?.status).toBe("done");
});

test("a job that nobody knows can be neither found nor cancelled", async () => {
  expect(await parts.jobs.find("a1.nosuch")).toBeUndefined();
  expect(await parts.jobs.cancel("a1.nosuch")).toBeUndefined();
  expect(await orders()).toEqual([]);
});

test("cancelled in the queue: ended here and now, and the agent, which may just be reading it, is told", async () => {
  const job = newJob();
  await parts.jobs.enqueue(job, SOURCE);
  expect(await parts.jobs.cancel(job.id)).toBe("cancelled");
  expect(await orders()).toEqual([{ t: "cancel", jobId: job.id }]);
  expect(await changes()).toEqual(["queued", "cancelled"]);
  expect(await readOutcome(parts.redis, job.id)).toEqual({ event: { t: "cancelled" }, text: "" });

  // The agent had read it: what it says of it is not wanted any more.
  expect(
    await pushEvents(parts.redis, AGENT, { jobId: job.id, from: 0, events: [{ t: "started" }] }),
  ).toEqual({
    next: 1,
    closed: true,
  });
  await acceptOrders(parts.redis, AGENT, await lastOrderId());
  expect((await parts.jobs.find(job.id))?.status).toBe("cancelled");
  expect(await parts.jobs.cancel(job.id)).toBe("cancelled");
  expect(await changes()).toEqual(["queued", "cancelled"]);
});

test("cancelled at the agent: the agent is told once, and says itself how the job ends", async () => {
  for (const begin of [false, true]) {
    const job = newJob();
    await parts.jobs.enqueue(job, SOURCE);
    await acceptOrders(parts.redis, AGENT, await lastOrderId());
    if (begin) await pushEvents(parts.redis, AGENT, { jobId: job.id, from: 0, events: [{ t: "started" }] });
    const outcomes = await Promise.all([1, 2, 3].map(() => parts.jobs.cancel(job.id)));
    expect(outcomes).toEqual(["cancelling", "cancelling", "cancelling"]);
    expect(await orders()).toEqual([{ t: "cancel", jobId: job.id }]);
    expect((await parts.jobs.find(job.id))?.status).toBe(begin ? "running" : "delivered");
    await acceptOrders(parts.redis, AGENT, await lastOrderId());
  }
});

test.each(["done", "failed", "cancelled"] as const)("cancelled too late, it stays %s", async (status) => {
  const job = newJob();
  await parts.jobs.enqueue(job, SOURCE);
  await acceptOrders(parts.redis, AGENT, await lastOrderId());
  const event = {
    done: { t: "done", text: "" },
    failed: { t: "failed", code: "internal", message: "" },
    cancelled: { t: "cancelled" },
  } as const;
  await pushEvents(parts.redis, AGENT, { jobId: job.id, from: 0, events: [event[status]] });
  expect(await parts.jobs.cancel(job.id)).toBe(status);
  expect(await orders()).toEqual([]);
});

test("everything of a job goes after its time", async () => {
  const job = newJob();
  await parts.jobs.enqueue(job, SOURCE);
  await pushEvents(parts.redis, AGENT, { jobId: job.id, from: 0, events: [{ t: "started" }] });
  expect(await parts.redis.ttl(keys.job(job.id))).toBeGreaterThan(0);
  expect(await parts.redis.ttl(keys.events(job.id))).toBeGreaterThan(0);
});
