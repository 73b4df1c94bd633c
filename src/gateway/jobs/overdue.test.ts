import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type GatewaysOnRedis, log, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { Job, Order } from "../../contract/job.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import type { AgentCalls } from "../link/agent-calls.ts";
import { openLinkPort } from "../link/link-port.ts";
import { openLinks } from "../link/links.ts";
import { acceptOrders } from "../link/orders.ts";
import { agentKeys } from "../redis/keys.ts";
import { readOutcome } from "./job-events.ts";
import { expireQueued, failSilent } from "./overdue.ts";
import { pushEvents } from "./push-events.ts";
import { sweepOverdue } from "./sweep.ts";

const AGENT = { id: "a1", epoch: 7 };
const keys = agentKeys(AGENT.id);
const HOUR_MS = 3_600_000;
/** Longer than anything here takes, and short enough that the past can be made up. */
const PATIENCE = { queueMs: 24 * HOUR_MS, silenceMs: HOUR_MS / 2 };
/** Of real time: a busy machine must not make what is young old. */
const [OLD_MS, YOUNG_MS] = [800, 700];
let parts: GatewaysOnRedis;

beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());
beforeEach(async () => {
  await parts.redis.flushall();
  await parts.redis.set(keys.epoch, AGENT.epoch);
});

async function queued(change: Partial<Job> = {}): Promise<string> {
  const job = newJob(change);
  await parts.jobs.enqueue(job, { channel: "test", origin: "" });
  return job.id;
}
/** A job that the agent has begun. */
async function running(kind: Job["kind"] = "task"): Promise<string> {
  const jobId = await queued({ kind });
  await acceptOrders(parts.redis, AGENT, "+");
  await pushEvents(parts.redis, AGENT, {
    jobId,
    from: 0,
    events: [{ t: "started" }, { t: "delta", text: "半" }],
  });
  return jobId;
}
const statusOf = async (jobId: string) => (await parts.jobs.find(jobId))?.status;
async function orders(): Promise<Order[]> {
  const entries = await parts.redis.xrange(keys.orders, "-", "+");
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? "") as Order);
}
const lastSaid = (jobId: string, agoMs: number) =>
  parts.redis.zadd(keys.lifeSigns, Date.now() - agoMs, jobId);

describe("what waits for an agent that does not come", () => {
  test("ends as expired, turns too, and its order is gone; what is younger stays", async () => {
    const old = [await queued(), await queued({ kind: "task" })];
    await Bun.sleep(OLD_MS);
    const young = await queued();
    await expireQueued(parts.redis, AGENT.id, YOUNG_MS);
    for (const jobId of old) {
      expect(await statusOf(jobId)).toBe("failed");
      expect((await readOutcome(parts.redis, jobId))?.event).toMatchObject({ t: "failed", code: "expired" });
    }
    expect(await orders()).toMatchObject([{ t: "run", job: { id: young } }]);
    const changes = await parts.redis.xrange(keys.changes, "-", "+");
    expect(changes.filter(([, fields]) => fields.includes("failed"))).toHaveLength(2);
    // Once more changes nothing.
    await expireQueued(parts.redis, AGENT.id, YOUNG_MS);
    expect(await parts.redis.xlen(keys.changes)).toBe(changes.length);
  });

  test("however much it is, and whatever else waits among it", async () => {
    const jobs: string[] = [];
    for (let i = 0; i < 250; i++) {
      jobs.push(await queued());
      if (i % 2 === 0) await parts.jobs.cancel(jobs.at(-1) ?? "");
    }
    await Bun.sleep(5);
    await expireQueued(parts.redis, AGENT.id, 1);
    expect((await orders()).every(({ t }) => t === "cancel")).toBe(true);
    expect(await Promise.all(jobs.map(statusOf))).toEqual(
      jobs.map((_, i) => (i % 2 === 0 ? "cancelled" : "failed")),
    );
  });

  test("what is about a job that the gateway has forgotten, and a join half a year old, are orders no more", async () => {
    const known = await queued();
    await parts.jobs.cancel(known);
    const recent = await parts.redis.xrange(keys.orders, "-", "+");
    await parts.redis.del(keys.orders);
    const day = (ago: number, order: Order) =>
      parts.redis.xadd(keys.orders, `${Date.now() - ago * 24 * HOUR_MS}-0`, "order", JSON.stringify(order));
    await day(181, { t: "join", from: "u1", to: "u2" });
    await day(179, { t: "join", from: "u3", to: "u4" });
    await day(11, { t: "run", job: newJob({ id: "a1.forgotten" }) });
    await day(10, { t: "cancel", jobId: "a1.forgotten" });
    await day(9, { t: "cancel", jobId: known });
    for (const [, fields] of recent) await parts.redis.xadd(keys.orders, "*", ...fields);
    await expireQueued(parts.redis, AGENT.id, PATIENCE.queueMs);
    expect(await orders()).toEqual([
      { t: "join", from: "u3", to: "u4" },
      { t: "cancel", jobId: known },
      { t: "cancel", jobId: known },
    ]);
    // Of an agent that nobody looks after any more, all go in the end.
    expect(await parts.redis.ttl(keys.orders)).toBeGreaterThan(179 * 24 * 3_600);
  });

  test("an agent that comes back is not given it", async () => {
    const old = await queued();
    await Bun.sleep(OLD_MS);
    const young = await queued();
    const links = openLinks({ ...parts, agents: new Map(), log });
    const port = openLinkPort({ ...parts, links, calls: {} as AgentCalls, queueMs: YOUNG_MS, log });
    const stop = new AbortController();
    for await (const [, order] of port.orders(AGENT, undefined, stop.signal)) {
      expect(order).toMatchObject({ t: "run", job: { id: young } });
      break;
    }
    stop.abort();
    expect(await statusOf(old)).toBe("failed");
    const late = await pushEvents(parts.redis, AGENT, { jobId: old, from: 0, events: [{ t: "started" }] });
    expect(late.closed).toBe(true);
  });
});

describe("what an agent has and says nothing of", () => {
  const online = () => Date.now() - HOUR_MS;

  test("running and silent for too long: it fails with what there is, and the agent is told to stop", async () => {
    const [silent, lively] = [await running(), await running()];
    await lastSaid(silent, PATIENCE.silenceMs + 1_000);
    await failSilent(parts.redis, AGENT.id, online(), PATIENCE);
    const outcome = await readOutcome(parts.redis, silent);
    expect(outcome).toMatchObject({ event: { t: "failed", code: "no-life" }, text: "半" });
    expect(await statusOf(lively)).toBe("running");
    expect(await orders()).toEqual([{ t: "cancel", jobId: silent }]);
    const late = await pushEvents(parts.redis, AGENT, {
      jobId: silent,
      from: 2,
      events: [{ t: "done", text: "" }],
    });
    expect(late).toEqual({ next: 3, closed: true });
  });

  test("every push is a sign of life; an agent that has just come back gets its time", async () => {
    const jobId = await running();
    await lastSaid(jobId, PATIENCE.silenceMs + 1_000);
    await failSilent(parts.redis, AGENT.id, Date.now() - 1_000, PATIENCE);
    expect(await statusOf(jobId)).toBe("running");
    await pushEvents(parts.redis, AGENT, { jobId, from: 2, events: [{ t: "progress", note: "在做" }] });
    await failSilent(parts.redis, AGENT.id, online(), PATIENCE);
    expect(await statusOf(jobId)).toBe("running");
  });

  test("waiting for its turn there, it may be silent as long as the agent is there", async () => {
    const jobId = await queued({ kind: "task" });
    await acceptOrders(parts.redis, AGENT, "+");
    await lastSaid(jobId, 48 * HOUR_MS);
    await failSilent(parts.redis, AGENT.id, online(), PATIENCE);
    expect(await statusOf(jobId)).toBe("delivered");
  });

  test("a turn may be silent as long as the agent is there, waiting or being answered", async () => {
    const waiting = await queued();
    const jobId = await running("turn");
    for (const id of [waiting, jobId]) await lastSaid(id, 48 * HOUR_MS);
    expect(await failSilent(parts.redis, AGENT.id, online(), PATIENCE)).toBe(0);
    expect([await statusOf(jobId), await statusOf(waiting)]).toEqual(["running", "delivered"]);
  });

  test("with an agent that stays away, whatever it has is lost in the end, turns too", async () => {
    const had = [
      await queued({ kind: "task" }),
      await queued(),
      await running("turn"),
      // Accepts those before it, too.
      await running(),
    ];
    for (const id of had) await lastSaid(id, 48 * HOUR_MS);
    // From now on it counts as away.
    await failSilent(parts.redis, AGENT.id, undefined, PATIENCE);
    expect(await statusOf(had[3] ?? "")).toBe("running");
    await parts.redis.set(keys.lastSeen, Date.now() - PATIENCE.queueMs - 1);
    expect(await failSilent(parts.redis, AGENT.id, undefined, PATIENCE)).toBe(4);
    for (const jobId of had)
      expect((await readOutcome(parts.redis, jobId))?.event).toMatchObject({ t: "failed", code: "no-life" });
    expect(await orders()).toHaveLength(4);
    expect(await parts.redis.zcard(keys.lifeSigns)).toBe(0);
  });

  test("what the gateway has forgotten is no longer counted, and hides nothing behind it", async () => {
    const forgotten = await Promise.all(Array.from({ length: 120 }, () => running()));
    const last = await running();
    for (const [i, id] of [...forgotten, last].entries()) await lastSaid(id, 48 * HOUR_MS - i);
    for (const id of forgotten) await parts.redis.del(keys.job(id));
    expect(await failSilent(parts.redis, AGENT.id, online(), PATIENCE)).toBe(1);
    expect(await statusOf(last)).toBe("failed");
    expect(await parts.redis.zcard(keys.lifeSigns)).toBe(0);
  });
});

describe("a sign of life of a turn", () => {
  const lastSign = async (jobId: string) => Number(await parts.redis.zscore(keys.lifeSigns, jobId));

  test("is that it was accepted, and that its status has changed, but none of its many words", async () => {
    const before = Date.now();
    const jobId = await queued();
    await acceptOrders(parts.redis, AGENT, "+");
    expect(await lastSign(jobId)).toBeGreaterThanOrEqual(before);
    expect(await parts.redis.ttl(keys.lifeSigns)).toBeGreaterThan(0);
    const says = async (from: number, event: ReplyEvent) => {
      await parts.redis.zadd(keys.lifeSigns, 1, jobId);
      await pushEvents(parts.redis, AGENT, { jobId, from, events: [event] });
    };
    await says(0, { t: "started" });
    expect(await lastSign(jobId)).toBeGreaterThanOrEqual(before);
    await says(1, { t: "delta", text: "字" });
    expect(await lastSign(jobId)).toBe(1);
    await says(2, { t: "done", text: "字" });
    expect(await parts.redis.zscore(keys.lifeSigns, jobId)).toBeNull();
  });
});

test("all the progress of a task that an agent reports is told, but not more; none of a turn", async () => {
  const [task, turn] = [await running(), await running("turn")];
  const told = async () => {
    const changes = await parts.redis.xrange(keys.changes, "-", "+");
    return changes.flatMap(([, fields]) => {
      const at = fields.indexOf("progress");
      return at === -1 ? [] : [JSON.parse(fields[at + 1] ?? "") as unknown];
    });
  };
  /** The last one is so long ago. */
  const report = async (note: string, sinceLastMs: number) => {
    for (const jobId of [task, turn]) {
      await parts.redis.hset(keys.job(jobId), "progressed", Date.now() - sinceLastMs);
      const from = Number(await parts.redis.hget(keys.job(jobId), "next"));
      await pushEvents(parts.redis, AGENT, { jobId, from, events: [{ t: "progress", note }] });
    }
  };
  await report("1", 4_000);
  await report("2", 4_000);
  // In the future: a busy machine must not make it older than it is meant to be.
  await report("too many", -60_000);
  // A change of phase.
  await report("3", 1_000);
  expect(await told()).toEqual([{ note: "1" }, { note: "2" }, { note: "3" }]);
});

test("one of several gateways looks from time to time, and tidies", async () => {
  const stop = new AbortController();
  const links = openLinks({ ...parts, agents: new Map(), log });
  const tidied: string[] = [];
  const patience = { queueMs: 100, silenceMs: 100 };
  const sweeps = ["g1", "g2"].map((gatewayId) => {
    const tidy = () => Promise.resolve(tidied.push(gatewayId)).then(() => {});
    const { signal } = stop;
    return sweepOverdue({ ...parts, links, agentIds: [AGENT.id], patience, tidy, gatewayId, log, signal });
  });
  const jobId = await queued();
  await until("its end", async () => (await statusOf(jobId)) === "failed");
  await until("it to be tidy", () => tidied.length > 3);
  stop.abort();
  await Promise.all(sweeps);
  expect(new Set(tidied).size).toBe(1);
});
