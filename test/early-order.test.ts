import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestRedis, type TestRedis } from "../dev/redis-for-tests.ts";
import { whileFrozen } from "./frozen.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { watchJob } from "./watched-job.ts";

let redis: TestRedis;
let system: System;
let client: UserClient;

beforeAll(async () => {
  redis = await startTestRedis();
  system = await startSystem({
    model: { reply: () => "答案" },
    gatewayEnv: { CLAW_REDIS_URL: redis.url },
  });
  client = system.client(await system.signIn("user"));
}, 60_000);
afterAll(async () => {
  await system.stop();
  await redis.stop();
}, 30_000);

test("the model has a question before Redis has it; it is answered once Redis has, once", async () => {
  // The gateway knows the session from now on.
  await client.api.me.get.query();
  let sending: Promise<{ jobId: string }> | undefined;
  await whileFrozen(redis, async () => {
    sending = client.api.chat.send.mutate({ text: "问题", idempotencyKey: "early" });
    await until("the model is asked", () => system.model.requests() === 1, 3_000);
  });
  const { jobId } = (await sending) ?? { jobId: "" };
  const job = watchJob(client, jobId);
  await job.completed;
  expect(job.faults).toEqual([]);
  expect(job.end()).toMatchObject({ t: "done", text: "答案" });
  expect(system.model.requests()).toBe(1);
});
