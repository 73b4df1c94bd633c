import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { startTestRedis, type TestRedis } from "../dev/redis-for-tests.ts";
import { agentOf } from "../src/contract/identifiers.ts";
import type { Order } from "../src/contract/job.ts";
import type { FailureCode } from "../src/contract/reply-event.ts";
import { agentKeys } from "../src/gateway/redis/keys.ts";
import { type PlayedAgent, playAgent } from "./played-agent.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { ONE, OTHER, tasksTold } from "./task-user.ts";
import { type WatchedFeed, watchFeed } from "./watched-feed.ts";

const MINUTE_MS = 60_000;
/** Longer than `queue_hours`, and than `silence_minutes`, as they are set here. */
const TOO_LONG = { queueMs: 61 * MINUTE_MS, silenceMs: 61_000 };
/** The gateway looks every 15 s then. */
const SWEPT_WITHIN_MS = 40_000;

let redis: TestRedis;
let at: Redis;
let system: System;
let client: UserClient;
let feed: WatchedFeed;

beforeAll(async () => {
  redis = await startTestRedis();
  at = new Redis(redis.url);
  system = await startSystem({
    withoutAgent: true,
    gatewayEnv: {
      CLAW_REDIS_URL: redis.url,
      CLAW_AGENTS: `${ONE.id}:${ONE.key},${OTHER.id}:${OTHER.key}`,
      CLAW_TASKS_QUEUE_HOURS: "1",
      CLAW_TASKS_SILENCE_MINUTES: "1",
    },
  });
  client = system.client(await system.signIn("user"));
  feed = await watchFeed(client);
}, 60_000);
afterAll(async () => {
  feed.stop();
  await system.stop();
  at.disconnect();
  await redis.stop();
}, 30_000);

/** Something that was handed over, once by WeCom and once by the API. */
interface Work {
  kind: "turn" | "task";
  /** Who has asked for it in WeCom. */
  member: string;
  jobIds: string[];
  taskId: string;
}
let members = 0;

async function handOver(kind: Work["kind"], agentId: string): Promise<Work> {
  const member = `member${++members}`;
  const text = kind === "turn" ? `${member} 问` : `${member} 办`;
  if (agentId !== ONE.id) await system.wecom.sendText(member, `/agent ${agentId}`);
  await system.wecom.sendText(member, kind === "turn" ? text : `/task ${text}`);
  let jobOfMember: string | undefined;
  await until("it to be queued", async () => {
    const orders = await at.xrange(agentKeys(agentId).orders, "-", "+");
    const jobs = orders.map(([, fields]) => JSON.parse(fields[1] ?? "") as Order);
    jobOfMember = jobs.flatMap((one) => (one.t === "run" && one.job.text === text ? [one.job.id] : []))[0];
    return jobOfMember !== undefined;
  });
  await client.api.me.setAgent.mutate({ agentId });
  const idempotencyKey = crypto.randomUUID();
  const { jobId, id } =
    kind === "turn"
      ? { ...(await client.api.chat.send.mutate({ text, idempotencyKey })), id: "" }
      : await client.api.task.create.mutate({ prompt: text, idempotencyKey });
  return { kind, member, jobIds: [jobOfMember ?? "", jobId], taskId: id };
}

/** Makes what waits for an agent older, the orders themselves and what the jobs know of them. */
async function makeOrdersOlder(agentId: string, byMs: number): Promise<void> {
  const keys = agentKeys(agentId);
  const orders = await at.xrange(keys.orders, "-", "+");
  const all = at.multi().del(keys.orders);
  for (const [id, fields] of orders) {
    const [ms, sequence] = id.split("-");
    const older = `${Number(ms) - byMs}-${sequence}`;
    all.xadd(keys.orders, older, ...fields);
    const order = JSON.parse(fields[1] ?? "") as Order;
    if (order.t === "run") all.hset(keys.job(order.job.id), "order", older);
  }
  await all.exec();
}
async function makeSilent(agentId: string, { jobIds }: Work, forMs: number): Promise<void> {
  for (const jobId of jobIds) await at.zadd(agentKeys(agentId).lifeSigns, Date.now() - forMs, jobId);
}

const told = ({ member }: Work) =>
  system.wecomApi
    .list(member)
    .flatMap(({ msgtype, content }) => (msgtype === "template_card" ? [] : [content]));
/** How often the feed has told of its failure. */
function ends({ kind, jobIds: [, jobId = ""], taskId }: Work): number {
  const statuses =
    kind === "turn" ? feed.statuses(jobId) : tasksTold(feed, taskId).map(({ status }) => status);
  return statuses.filter((status) => status === "failed").length;
}

/** Both who asked for it have been told that it has failed, and why, once. */
async function expectFailed(work: Work, code: FailureCode, reason: string): Promise<void> {
  const inWecom = () => told(work).filter((text) => text.includes(reason));
  await until(`WeCom to say ${reason}`, () => inWecom().length > 0, SWEPT_WITHIN_MS);
  await until("the feed to say so", () => ends(work) > 0);
  // `task.get` would ask the agent.
  const { tasks } = await client.api.task.list.query();
  const codes = tasks.flatMap(({ id, failure }) => (id === work.taskId ? [failure?.code] : []));
  if (work.kind === "task") expect(codes).toEqual([code]);
  await system.wecom.sendText(work.member, "/help");
  await until("what comes later", () => told(work).some((text) => text.includes("/bind")));
  expect([inWecom().length, ends(work)]).toEqual([1, 1]);
}

/** Resolves when the agent has accepted it, and begun it if that is said. */
async function has(agent: PlayedAgent, { jobIds }: Work, begun: "begun" | "waits"): Promise<void> {
  const statusOf = (jobId: string) => at.hget(agentKeys(agentOf(jobId)).job(jobId), "status");
  await until("it to be accepted", async () => {
    await agent.accept();
    const statuses = await Promise.all(jobIds.map(statusOf));
    return statuses.every((status) => status !== "queued");
  });
  for (const jobId of jobIds) if (begun === "begun") await agent.says(jobId, { t: "started" });
}

test("progress that comes every 4 s, or for a change of phase after one, all reaches feed and list", async () => {
  const agent = await playAgent(system.gatewayUrl, ONE);
  const work = await handOver("task", ONE.id);
  await has(agent, work, "begun");
  const [, jobId = ""] = work.jobIds;
  const notes = () => tasksTold(feed, work.taskId).flatMap(({ progress }) => progress?.note ?? []);
  for (const [note, laterMs] of [
    ["等待", 0],
    ["等待 4 秒", 4_000],
    ["在写", 1_000],
    ["在写 4 秒", 4_000],
  ] as const) {
    // As if the last one had been told so long ago.
    await at.hincrby(agentKeys(ONE.id).job(jobId), "progressed", -laterMs);
    await agent.says(jobId, { t: "progress", note });
    await until(note, () => notes().at(-1) === note);
    expect((await client.api.task.list.query()).tasks[0]).toMatchObject({ progress: { note } });
  }
  expect(notes()).toHaveLength(4);
  for (const id of work.jobIds) await agent.says(id, { t: "done", text: "好" });
  await agent.close();
});

describe("when too much time has passed", () => {
  test("what nobody hears of any more has failed, and whoever asked for it is told", async () => {
    // One agent is there and says nothing.
    const here = await playAgent(system.gatewayUrl, ONE);
    const answering = await handOver("turn", ONE.id);
    const doing = await handOver("task", ONE.id);
    for (const work of [answering, doing]) await has(here, work, "begun");
    const next = await handOver("task", ONE.id);
    await has(here, next, "waits");
    await here.close();
    const { epoch, link, lifeSigns } = agentKeys(ONE.id);
    await until("its link to be free", async () => (await at.exists(link)) === 0);
    for (const work of [answering, doing, next]) await makeSilent(ONE.id, work, TOO_LONG.silenceMs);
    // Its link has been open for longer than that: no process of ours, which would say since when.
    const since = Date.now() - TOO_LONG.silenceMs;
    await at.hset(link, { instance: "instance-of-a1", epoch: (await at.get(epoch)) ?? "", since });

    // The other one is away: it has some, and some waits for it.
    const away = await playAgent(system.gatewayUrl, OTHER);
    const asked = await handOver("turn", OTHER.id);
    const begun = await handOver("task", OTHER.id);
    for (const work of [asked, begun]) await has(away, work, "begun");
    const taken = await handOver("turn", OTHER.id);
    await has(away, taken, "waits");
    await away.close();
    await until("its link to be free", async () => (await at.exists(agentKeys(OTHER.id).link)) === 0);
    const late = await handOver("turn", OTHER.id);
    const lateTask = await handOver("task", OTHER.id);
    await makeOrdersOlder(OTHER.id, TOO_LONG.queueMs);
    const young = await handOver("turn", OTHER.id);
    for (const work of [asked, begun, taken]) await makeSilent(OTHER.id, work, TOO_LONG.queueMs);
    await at.set(agentKeys(OTHER.id).lastSeen, Date.now() - TOO_LONG.queueMs);

    await expectFailed(doing, "no-life", "智能体 1 分钟没有任何进展");
    await expectFailed(begun, "no-life", "智能体离线太久，任务没有完成");
    await expectFailed(asked, "no-life", "智能体离线太久，请重新发送");
    await expectFailed(taken, "no-life", "智能体离线太久，请重新发送");
    await expectFailed(late, "expired", "等了 1 小时智能体都不在线");
    await expectFailed(lateTask, "expired", "等了 1 小时智能体都不在线");
    // Neither a turn nor what waits at an agent that is there has to say anything.
    expect([answering, next, young].map(ends)).toEqual([0, 0, 0]);
    expect(await at.zcard(lifeSigns)).toBe(4);

    // Back again, they are told to stop, and are given what is left.
    const back = await playAgent(system.gatewayUrl, OTHER);
    await until("the orders", () => back.orders.length >= 8);
    expect(back.jobs().toSorted()).toEqual([...young.jobIds].toSorted());
    const over = [asked, begun, taken].flatMap(({ jobIds }) => jobIds);
    expect(back.cancelled().toSorted()).toEqual(over.toSorted());
    expect(await back.says(asked.jobIds[0] ?? "", { t: "started" })).toMatchObject({ closed: true });
    await back.accept();
    await back.close();
  }, 120_000);

  test("an agent that comes back before anybody has looked is not given it either", async () => {
    const late = await handOver("turn", OTHER.id);
    await makeOrdersOlder(OTHER.id, TOO_LONG.queueMs);
    const back = await playAgent(system.gatewayUrl, OTHER);
    await expectFailed(late, "expired", "等了 1 小时智能体都不在线");
    expect(back.jobs().filter((jobId) => late.jobIds.includes(jobId))).toEqual([]);
    await back.close();
  });
});
