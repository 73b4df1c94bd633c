import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { pushEvents } from "../jobs/push-events.ts";
import { acceptOrders } from "../link/orders.ts";
import { agentKeys, userKeys } from "../redis/keys.ts";
import { openUserJobs } from "./user-jobs.ts";

const AGENT = { id: "a1", epoch: 1 };
let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
  await parts.redis.set(agentKeys("a1").epoch, AGENT.epoch);
});
afterAll(() => parts.stop());

const cancel = (userId: string, jobId: string) => openUserJobs(parts).cancel(userId, jobId);
async function sent(userId: string) {
  const job = newJob({ userId });
  await parts.jobs.enqueue(job, { channel: "miniprogram", origin: "" });
  return job;
}

test("a turn that waits here ends at once; one that the agent has is being ended; asked twice, it is the same", async () => {
  const [waits, delivered] = [await sent("u1"), await sent("u1")];
  expect([await cancel("u1", waits.id), await cancel("u1", waits.id)]).toEqual(["cancelled", "cancelled"]);
  await acceptOrders(parts.redis, AGENT, "+");
  expect([await cancel("u1", delivered.id), await cancel("u1", delivered.id)]).toEqual([
    "cancelling",
    "cancelling",
  ]);
  const orders = await parts.redis.xrange(agentKeys("a1").orders, "-", "+");
  expect(orders.map(([, fields]) => JSON.parse(fields[1] ?? "") as unknown)).toContainEqual({
    t: "cancel",
    jobId: delivered.id,
  });
});

test("one that has ended stays as it is", async () => {
  for (const [event, outcome] of [
    [{ t: "done", text: "答" }, "done"],
    [{ t: "failed", code: "internal", message: "错" }, "failed"],
  ] as const) {
    const { id } = await sent("u2");
    await pushEvents(parts.redis, AGENT, { jobId: id, from: 0, events: [event] });
    expect(await cancel("u2", id)).toBe(outcome);
  }
});

test("one of somebody else is as one that is not there; one of who has joined is their own", async () => {
  const { id } = await sent("u3");
  for (const jobId of [id, "a1.nosuch", "gone.x"])
    expect(await cancel("u4", jobId).catch(reasonOf)).toBe("not-found");
  expect((await parts.jobs.find(id))?.status).toBe("queued");
  await parts.redis.set(userKeys("u3").alias, "u5");
  expect(await cancel("u5", id)).toBe("cancelled");
});
