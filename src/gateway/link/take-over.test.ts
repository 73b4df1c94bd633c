import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import {
  type GatewayParts,
  type GatewaysOnRedis,
  log,
  newJob,
  startGatewayParts,
} from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { Job, Order } from "../../contract/job.ts";
import type { LinkedAgent } from "../../contract/link-api.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { readOutcome } from "../jobs/job-events.ts";
import type { RedisClient } from "../redis/connect.ts";
import { agentKeys } from "../redis/keys.ts";
import type { AgentCalls } from "./agent-calls.ts";
import { openLinkPort } from "./link-port.ts";
import { type Link, openLinks } from "./links.ts";
import { takeOver } from "./take-over.ts";

const keys = agentKeys("a1");
const open: Link[] = [];
let parts: GatewaysOnRedis;
let other: GatewayParts;

beforeAll(async () => {
  parts = await startGatewayParts();
  other = await parts.another();
});
beforeEach(async () => {
  await closeAll();
  await parts.redis.flushall();
});
afterAll(async () => {
  await closeAll();
  await parts.stop();
});

async function closeAll(): Promise<void> {
  for (const link of open.splice(0)) link.close();
  await until("the agent to be offline", async () => (await parts.redis.exists(keys.link)) === 0);
}

const linksOf = ({ redis, hub }: GatewayParts) =>
  openLinks({ redis, hub, log, agents: new Map([["a1", "right-key"]]) });

/** An agent with its data on a gateway, as one that plays by the book. */
async function connect(instance: string, gateway: GatewayParts = parts) {
  const links = linksOf(gateway);
  const link = await links.open({ agentId: "a1", key: "right-key", instance });
  open.push(link);
  const { agent } = link;
  const port = openLinkPort({ ...gateway, links, calls: {} as AgentCalls, queueMs: 3_600_000, log });
  const says = async (jobId: string, ...events: Parameters<typeof port.push>[1]["events"]) => {
    const from = Number(await parts.redis.hget(keys.job(jobId), "next"));
    return await port.push(agent, { jobId, from, writer: { id: instance, first: from }, events });
  };
  return {
    agent,
    says,
    accept: () => port.accept(agent, `${Date.now() + 1_000}-0`),
    /** Its orders up to now, in order. */
    async orders(): Promise<Order[]> {
      const stop = new AbortController();
      const orders: Order[] = [];
      for await (const [, order] of port.orders(agent, { tellCaughtUp: true }, stop.signal)) {
        if (order.t === "caught-up") break;
        orders.push(order);
      }
      stop.abort();
      return orders;
    },
    async leave() {
      link.close();
      await links.settled();
    },
  };
}

/** An agent that is gone, and has left behind a turn and a task, each waiting at it and half done. */
async function leftBehind(): Promise<{ had: string[]; waiting: string[]; running: string[] }> {
  const agent = await connect("instance-1");
  const waiting = [await queued({}), await queued({ kind: "task" })];
  const running = [await queued({}), await queued({ kind: "task" })];
  await agent.orders();
  await agent.accept();
  for (const jobId of running) await agent.says(jobId, { t: "started" }, { t: "delta", text: "半" });
  await agent.leave();
  return { had: [...waiting, ...running], waiting, running };
}
async function queued(change: Partial<Job>): Promise<string> {
  const job = newJob(change);
  await parts.jobs.enqueue(job, { channel: "test", origin: "" });
  return job.id;
}
const statusOf = async (jobId: string) => (await parts.jobs.find(jobId))?.status;
const statusesOf = (jobIds: readonly string[]) => Promise.all(jobIds.map(statusOf));
async function expectLost(jobIds: readonly string[]): Promise<void> {
  for (const jobId of jobIds) {
    const outcome = await readOutcome(parts.redis, jobId);
    expect(outcome?.event).toMatchObject({ t: "failed", code: "no-life" });
    expect(outcome?.event.t === "failed" && outcome.event.message).toContain("丢失了数据");
    expect(await statusOf(jobId)).toBe("failed");
  }
  const changes = (await parts.redis.xrange(keys.changes, "-", "+")).map(([, fields]) => fields);
  const ended = changes.filter((fields) => fields.includes("failed")).map((fields) => fields[1] ?? "");
  // Each is told once.
  expect(ended.toSorted()).toEqual([...jobIds].toSorted());
  expect(await parts.redis.zcard(keys.lifeSigns)).toBe(0);
}

test("an agent without its data: what it had has failed, what waits for it is given to it", async () => {
  const { had, running } = await leftBehind();
  const late = await queued({});
  const fresh = await connect("instance-2");
  expect(await fresh.orders()).toMatchObject([{ t: "run", job: { id: late } }]);
  await expectLost(had);
  expect((await readOutcome(parts.redis, running[0] ?? ""))?.text).toBe("半");
  await fresh.accept();
  expect(await statusOf(late)).toBe("delivered");
  // Should the data turn up again, what is in it is over, and the other one's jobs are lost.
  await fresh.leave();
  const first = await connect("instance-1");
  await first.orders();
  expect(await first.says(running[0] ?? "", { t: "done", text: "半个" })).toMatchObject({ closed: true });
  await expectLost([...had, late]);
});

test("the same agent coming back, and one that only greets in between: nothing is lost", async () => {
  const { had } = await leftBehind();
  const doctor = await connect("doctor-1");
  await doctor.leave();
  const same = await connect("instance-1");
  expect(await same.orders()).toEqual([]);
  expect(await statusesOf(had)).toEqual(["delivered", "delivered", "running", "running"]);
  await same.accept();
});

test("an agent that was there before anybody noted which one has the jobs: nothing is lost", async () => {
  const { had } = await leftBehind();
  await parts.redis.del(keys.instance);
  const same = await connect("instance-1");
  await same.orders();
  expect(await statusesOf(had)).not.toContain("failed");
  // From now on it is known.
  await same.leave();
  await (await connect("instance-2")).orders();
  await expectLost(had);
});

test("begun, but not accepted: the one without the data gets it and begins anew", async () => {
  const first = await connect("instance-1");
  const jobId = await queued({});
  await first.orders();
  await first.says(jobId, { t: "started" }, { t: "delta", text: "旧" });
  await first.leave();
  const fresh = await connect("instance-2");
  expect(await fresh.orders()).toMatchObject([{ t: "run", job: { id: jobId } }]);
  await fresh.accept();
  await fresh.says(jobId, { t: "reset" }, { t: "started" }, { t: "done", text: "新" });
  expect(await readOutcome(parts.redis, jobId)).toMatchObject({ event: { t: "done", text: "新" } });
});

test("what is being cancelled has been cancelled", async () => {
  const { had, running } = await leftBehind();
  const [cancelled = ""] = running;
  expect(await parts.jobs.cancel(cancelled)).toBe("cancelling");
  await (await connect("instance-2")).orders();
  expect(await statusOf(cancelled)).toBe("cancelled");
  await expectLost(had.filter((jobId) => jobId !== cancelled));
});

/** A Redis client that calls `before` with the number of each command. */
function watched(redis: RedisClient, before: (count: number) => Promise<void>): RedisClient {
  let count = 0;
  return new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        await before(count++);
        return (await Reflect.apply(value, target, args)) as unknown;
      };
    },
  });
}

test("a gateway that dies after any step of it: another one ends the rest, each job once", async () => {
  let died = 0;
  for (let step = 0; step === died; step++) {
    await parts.redis.flushall();
    const { had } = await leftBehind();
    const half = await connect("instance-2");
    const dying = watched(parts.redis, (count) =>
      count < step ? Promise.resolve() : Promise.reject(new Error("dead")),
    );
    const outcome = await takeOver(dying, half.agent).catch((error: Error) => error.message);
    if (outcome === "dead") died++;
    const late = await queued({});
    const again = await connect("instance-2", other);
    expect(await again.orders()).toMatchObject([{ t: "run", job: { id: late } }]);
    await expectLost(had);
    await again.leave();
  }
  expect(died).toBeGreaterThanOrEqual(COMMANDS);
});

test("nothing is accepted before it is done", async () => {
  const { had } = await leftBehind();
  const late = await queued({});
  const fresh = await connect("instance-2");
  expect(await fresh.accept().catch(reasonOf)).toBe("superseded");
  expect(await statusOf(late)).toBe("queued");
  await fresh.orders();
  await fresh.accept();
  expect(await statusOf(late)).toBe("delivered");
  await expectLostBut(late, had);
});

/** Takes over by a Redis that stands still before that command until it is let go. */
async function takeOverSlowly(agent: LinkedAgent, step: number) {
  const gate = Promise.withResolvers<void>();
  const stands = Promise.withResolvers<void>();
  const slow = watched(parts.redis, async (count) => {
    if (count !== step) return;
    stands.resolve();
    await gate.promise;
  });
  const done = takeOver(slow, agent).catch((error: unknown) => reasonOf(error) ?? String(error));
  await stands.promise;
  return { letGo: () => gate.resolve(), done };
}
/** Commands that it takes for the jobs of `leftBehind`: which, each read and ended, done. */
const COMMANDS = 2 + 2 * 4 + 1;

test.each([
  ["the same one", "instance-2", false],
  ["another one", "instance-3", false],
  ["another one, and one that only greets", "instance-3", true],
] as const)(
  "a slow gateway, and %s elsewhere meanwhile: what that has taken stays",
  async (_, instance, isGreeted) => {
    for (let step = 0; step < COMMANDS; step++) {
      await parts.redis.flushall();
      const { had } = await leftBehind();
      const older = await connect("instance-2");
      const late = await queued({});
      const slowly = await takeOverSlowly(older.agent, step);
      if (instance !== "instance-2") await older.leave();
      const newer = await connect(instance, other);
      await newer.orders();
      await newer.accept();
      await newer.leave();
      if (isGreeted) await connect("doctor-1");
      slowly.letGo();
      // Had it still to ask, it may find that all is done.
      expect(await slowly.done).toBe(step === 0 && !isGreeted ? 0 : "superseded");
      await closeAll();
      await (await connect(instance)).orders();
      expect(await statusOf(late)).toBe("delivered");
      await expectLostBut(late, had);
      await closeAll();
    }
  },
);

test("twice by one link, of which one is slow: what was taken since stays", async () => {
  for (let step = 0; step < COMMANDS; step++) {
    await parts.redis.flushall();
    const { had } = await leftBehind();
    const fresh = await connect("instance-2");
    const late = await queued({});
    const slowly = await takeOverSlowly(fresh.agent, step);
    await fresh.orders();
    await fresh.accept();
    slowly.letGo();
    expect(await slowly.done).toBeNumber();
    expect(await statusOf(late)).toBe("delivered");
    await expectLostBut(late, had);
    await fresh.leave();
  }
});

/** Lost, but for one that the agent has. */
async function expectLostBut(jobId: string, lost: readonly string[]): Promise<void> {
  expect(await parts.redis.zrange(keys.lifeSigns, 0, "-1")).toEqual([jobId]);
  await parts.redis.zrem(keys.lifeSigns, jobId);
  await expectLost(lost);
}
