import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import type { JobRecord } from "../jobs/job-record.ts";
import { pushEvents } from "../jobs/push-events.ts";
import type { Links } from "../link/links.ts";
import { agentKeys, wecomKeys } from "../redis/keys.ts";
import { openOutbox, type OutboxMessage } from "./outbox.ts";
import { PIECE_MAX_BYTES } from "./split.ts";
import { type TellContext, tellMember, tellThinking, THINKING_AFTER_MS } from "./tell.ts";
import { TEXTS } from "./texts.ts";

const AGENT = { id: "a1", epoch: 7 };
let parts: GatewaysOnRedis;
let presence: AgentPresence;
let context: TellContext;

beforeAll(async () => {
  parts = await startGatewayParts();
  const links = { presence: () => Promise.resolve(presence) } as unknown as Links;
  context = { redis: parts.redis, links, outbox: openOutbox(parts.redis) };
});
afterAll(() => parts.stop());
beforeEach(async () => {
  presence = { id: "a1", online: true, modelReady: true };
  await parts.redis.flushall();
  await parts.redis.set(agentKeys("a1").epoch, AGENT.epoch);
});

async function queuedJob(createdAt = Date.now()): Promise<JobRecord> {
  const job = newJob({ createdAt });
  await parts.jobs.enqueue(job, { channel: "wecom", origin: "zhangsan" });
  return await found(job.id);
}
async function found(jobId: string): Promise<JobRecord> {
  const job = await parts.jobs.find(jobId);
  if (!job) throw new Error("no such job");
  return job;
}
async function ends({ id }: JobRecord, ...events: ReplyEvent[]): Promise<JobRecord> {
  await pushEvents(parts.redis, AGENT, { jobId: id, from: 0, events });
  return await found(id);
}
async function said(): Promise<OutboxMessage[]> {
  const items = await parts.redis.lrange(wecomKeys.outbox("zhangsan"), 0, -1);
  return items.map((item) => JSON.parse(item) as OutboxMessage);
}
const texts = async () => (await said()).map(({ content }) => content);
const think = () => tellThinking(context, (jobId) => parts.jobs.find(jobId));

test("an answer is told once, in pieces that WeCom takes", async () => {
  const job = await queuedJob();
  const answer = "这是一段很长的回答。".repeat(300);
  const ended = await ends(job, { t: "done", text: answer });
  await tellMember(context, ended, "done");
  await tellMember(context, ended, "done");
  const pieces = await said();
  expect(pieces.length).toBeGreaterThan(1);
  for (const { content, member } of pieces) {
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(PIECE_MAX_BYTES);
    expect(member).toBe("zhangsan");
  }
});

test("who must wait is told why, at once, and once", async () => {
  presence = { id: "a1", online: false };
  const job = await queuedJob();
  await tellMember(context, job, "queued");
  await tellMember(context, job, "queued");
  expect(await texts()).toEqual([TEXTS.queuedOffline]);
  presence = { id: "a1", online: true, modelReady: false };
  await tellMember(context, await queuedJob(), "queued");
  expect(await texts()).toEqual([TEXTS.queuedOffline, TEXTS.queuedModelDown]);
});

test("a notice about a job whose answer is already out is left out", async () => {
  const job = await queuedJob(Date.now() - THINKING_AFTER_MS - 1);
  await tellMember(context, job, "queued");
  await tellMember(context, await ends(job, { t: "done", text: "答" }), "done");
  // The change "queued" told again, by a gateway that was frozen meanwhile.
  presence = { id: "a1", online: false };
  await tellMember(context, job, "queued");
  // The notice was due, and the job looked as if it still ran.
  await parts.redis.zadd(wecomKeys.thinking, "0", job.id);
  await tellThinking(context, () => Promise.resolve({ ...job, status: "running" }));
  expect(await texts()).toEqual(["答"]);
});

test("a long wait gets one notice, when it is due, and none after the end", async () => {
  const early = await queuedJob();
  const late = await queuedJob(Date.now() - THINKING_AFTER_MS - 1);
  const over = await queuedJob(Date.now() - THINKING_AFTER_MS - 1);
  for (const job of [early, late, over]) await tellMember(context, job, "queued");
  await ends(over, { t: "done", text: "答" });
  await think();
  await think();
  expect((await said()).map(({ id }) => id)).toEqual([`thinking:${late.id}`]);
  // Only the one that is not due yet is still to be looked at.
  expect(await parts.redis.zrangebyscore(wecomKeys.thinking, "-inf", "+inf")).toEqual([early.id]);
});

test("a notice that has become due says why nobody is thinking, if nobody can", async () => {
  for (const online of [false, true]) {
    presence = { id: "a1", online: true, modelReady: true };
    await tellMember(context, await queuedJob(Date.now() - THINKING_AFTER_MS - 1), "queued");
    // An agent that is away tells nothing of its model.
    presence = online ? { id: "a1", online, modelReady: false } : { id: "a1", online };
    await think();
  }
  expect(await texts()).toEqual([TEXTS.queuedOffline, TEXTS.queuedModelDown]);
});

test("a failure keeps what was said before it, and is told apart from it", async () => {
  const failed: ReplyEvent = { t: "failed", code: "model-error", message: "模型断开" };
  const silent = await ends(await queuedJob(), { t: "started" }, failed);
  await tellMember(context, silent, "failed");
  const broken = await ends(await queuedJob(), { t: "delta", text: "前半" }, failed);
  await tellMember(context, broken, "failed");
  const [first = "", second = ""] = await texts();
  expect(first).toBe(TEXTS.failed("模型断开"));
  expect(second).toStartWith("前半");
  expect(second).toContain(TEXTS.cutOff);
  expect(second).toContain("模型断开");
});

test("a cancelled job says so, and which it was", async () => {
  const job = await queuedJob();
  await parts.jobs.cancel(job.id);
  await tellMember(context, await found(job.id), "cancelled");
  expect(await texts()).toEqual([TEXTS.cancelled(`对「${job.preview}」的回答`)]);
});
