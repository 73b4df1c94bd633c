import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  type GatewayParts,
  type GatewaysOnRedis,
  log,
  newJob,
  startGatewayParts,
} from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import { agentKeys } from "../redis/keys.ts";
import { type ChangeListener, followJobChanges } from "./job-changes.ts";
import { pushEvents } from "./push-events.ts";

const SOURCE = { channel: "test", origin: "" };
let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

function follower(gateway: GatewayParts, gatewayId: string, agentId: string, listener: ChangeListener) {
  const stop = new AbortController();
  const done = followJobChanges({ ...gateway, agentId, gatewayId, log, signal: stop.signal, listener });
  return {
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}
async function runJob(agentId: string): Promise<string> {
  const job = newJob({ conversationId: `${agentId}.c1` });
  const id = `${agentId}.${job.id.slice(3)}`;
  await parts.redis.set(agentKeys(agentId).epoch, 1);
  await parts.jobs.enqueue({ ...job, id }, SOURCE);
  const agent = { id: agentId, epoch: 1 };
  await pushEvents(parts.redis, agent, { jobId: id, from: 0, events: [{ t: "started" }] });
  await pushEvents(parts.redis, agent, { jobId: id, from: 1, events: [{ t: "done", text: "答" }] });
  return id;
}
const waiting = (agentId: string) => parts.redis.xlen(agentKeys(agentId).changes);

test("told in order; what the listener could not take is told again before what follows it", async () => {
  const told = new Map<string, string[]>();
  const bad = await runJob("b1");
  let troubles = 2;
  const { stop } = follower(parts, "g1", "b1", async (job, status) => {
    if (job.id === bad && status === "running" && troubles-- > 0) throw new Error("no luck");
    told.set(job.id, [...(told.get(job.id) ?? []), status]);
  });
  const good = await runJob("b1");
  // Another job does not wait for the one in trouble.
  await until("the other job's end", () => told.get(good)?.length === 3);
  await until("all told", async () => (await waiting("b1")) === 0);
  expect(told.get(bad)).toEqual(["queued", "running", "done"]);
  expect(told.get(good)).toEqual(["queued", "running", "done"]);
  await stop();
});

test("two gateways: one at a time tells, the other takes over when it goes", async () => {
  const other = await parts.another();
  const told: string[] = [];
  const listener =
    (gateway: string): ChangeListener =>
    async (job, status) => {
      told.push(`${gateway} ${job.id} ${status}`);
    };
  const one = follower(parts, "g1", "b2", listener("g1"));
  await until("the lease", async () => (await parts.redis.get(agentKeys("b2").changesLease)) === "g1");
  const two = follower(other, "g2", "b2", listener("g2"));
  const first = await runJob("b2");
  await until("the first to be told", () => told.length === 3);
  await one.stop();
  const second = await runJob("b2");
  await until("the second to be told", () => told.length === 6);
  expect(told).toEqual([
    ...["queued", "running", "done"].map((status) => `g1 ${first} ${status}`),
    ...["queued", "running", "done"].map((status) => `g2 ${second} ${status}`),
  ]);
  await two.stop();
});

test("a change whose job is gone holds nothing up", async () => {
  await parts.redis.xadd(agentKeys("b3").changes, "*", "job", "b3.gone", "status", "done");
  const told: string[] = [];
  const { stop } = follower(parts, "g1", "b3", async (_job, status) => {
    told.push(status);
  });
  await runJob("b3");
  await until("all told", async () => told.length === 3 && (await waiting("b3")) === 0);
  await stop();
});
