import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "./ask.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { type WatchedJob, watchJob } from "./watched-job.ts";

/** Service managers and `docker stop` allow 10 s and more; people with a terminal do not. */
const STOPS_WITHIN_MS = 5_000;
let system: System;
let client: UserClient;

beforeAll(async () => {
  // An answer takes about a second and a half.
  system = await startSystem({ model: { tokensPerSecond: 100, tokensPerAnswer: 150 } });
  client = system.client(await system.signIn("user"));
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

const runFile = () => join(system.dir, "gateway", "redis", "run.json");
const redisPid = () => (JSON.parse(readFileSync(runFile(), "utf8")) as { pid: number }).pid;

/** A job that is being answered. */
async function jobInProgress(text: string): Promise<WatchedJob> {
  const { jobId } = await client.api.chat.send.mutate({ text, idempotencyKey: crypto.randomUUID() });
  const job = watchJob(client, jobId);
  await until("the middle of the answer", () => job.text().length > 20);
  expect(job.end()).toBeUndefined();
  return job;
}

async function expectWhole(job: WatchedJob): Promise<void> {
  await job.completed;
  expect(job.faults).toEqual([]);
  expect(job.end()).toMatchObject({ t: "done", text: job.text() });
}

async function stopsCleanly(stop: Promise<number>): Promise<void> {
  const startedAt = performance.now();
  expect(await stop).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(STOPS_WITHIN_MS);
}

test("a gateway stopped in mid-answer: the reader sees each event once, and Redis is gone meanwhile", async () => {
  const job = await jobInProgress("网关停一下");
  const pid = redisPid();
  await stopsCleanly(system.gateway().stop());
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(existsSync(runFile())).toBe(false);
  const seen = job.events.length;
  await system.startGateway();
  await expectWhole(job);
  expect(job.events.length).toBeGreaterThan(seen);
  expect(job.events.some(({ t }) => t === "reset")).toBe(false);
});

test("an agent stopped in mid-answer takes the job up again", async () => {
  const job = await jobInProgress("智能体停一下");
  await stopsCleanly(system.agent().stop());
  await until("the model is free", () => system.model.running() === 0);
  await system.startAgent();
  await expectWhole(job);
  expect(job.events.filter(({ t }) => t === "reset")).toHaveLength(1);
});

test("an agent stops at once while its gateway is away, and so does one that is at work", async () => {
  const job = await jobInProgress("两个都停");
  await stopsCleanly(system.gateway().stop());
  await until("the agent misses it", async () => {
    const { link } = (await (await fetch(`${system.adminUrl}/readyz`)).json()) as { link: { up: boolean } };
    return !link.up;
  });
  const startedAt = performance.now();
  await stopsCleanly(system.agent().stop());
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  await system.startGateway();
  await system.startAgent();
  await expectWhole(job);
});

test("told twice to stop, a gateway that has not finished ends at once", async () => {
  // WeCom does not answer: the gateway waits a while for what it is sending.
  system.wecomApi.failNext("hang");
  await system.wecom.sendText("waiting", "/help");
  await until("the sending", () => system.wecomApi.calls("message/send").length > 0);
  const gateway = system.gateway();
  process.kill(gateway.pid, "SIGINT");
  await until("it is stopping", () => gateway.output().includes("网关正在停止"));
  await Bun.sleep(700); // a signal right after the first counts as the same one
  const startedAt = performance.now();
  process.kill(gateway.pid, "SIGINT");
  expect(await gateway.exited).toBe(130);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  await system.startGateway();
  const told = () => system.wecomApi.list("waiting").length;
  await until("the message is sent after all", () => told() > 0);
  expect(told()).toBe(1);
  expect((await ask(client, "都好了吗")).end?.t).toBe("done");
});
