import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { startTestRedis, type TestRedis } from "../../dev/redis-for-tests.ts";
import { openRandom } from "../random.ts";
import { startSystem, type System, until, type UserClient } from "../system.ts";
import { type WatchedJob, watchJob } from "../watched-job.ts";

const ROUNDS = 12;
const random = openRandom();
let redis: TestRedis;
let system: System;
let client: UserClient;
let folder: string;

beforeAll(async () => {
  redis = await startTestRedis({ args: ["--appendonly", "yes", "--appendfsync", "everysec"] });
  const connection = new Redis(redis.url);
  const [, dir = ""] = await connection.config("GET", "dir");
  connection.disconnect();
  folder = join(dir, "appendonlydir");
  system = await startSystem({
    model: { tokensPerSecond: 200, tokensPerAnswer: 60, parallel: 64 },
    gatewayEnv: { CLAW_REDIS_URL: redis.url },
    agentEnv: { CLAW_AGENT_SLOTS: "64" },
  });
  client = system.client(await system.signIn("watcher"));
}, 60_000);

afterAll(async () => {
  await system.stop();
  await redis.stop();
}, 30_000);

/** A redis-server killed during a sync has acknowledged writes that never reached its file: so does this one. */
async function loseLastMoments(during: () => Promise<void>): Promise<void> {
  const kept = `${folder}-kept`;
  cpSync(folder, kept, { recursive: true });
  await during();
  await redis.kill9();
  rmSync(folder, { recursive: true });
  cpSync(kept, folder, { recursive: true });
  rmSync(kept, { recursive: true });
  await redis.restart();
}

test(`what Redis acknowledged and then lost is not lost, seed ${random.seed}`, async () => {
  const jobs: WatchedJob[] = [];
  const questions: { member: string; text: string }[] = [];
  const ask = async (name: string) => {
    const question = { member: `member-${name}`, text: `第 ${name} 问` };
    const sent = await system.wecom.sendText(question.member, question.text);
    if (!sent.delivered) console.log(sent, system.gateway().output());
    expect(sent.delivered).toBe(true);
    questions.push(question);
    const text = `第 ${name} 问，来自小程序`;
    const { jobId } = await client.api.chat.send.mutate({ text, idempotencyKey: text });
    jobs.push(watchJob(client, jobId));
  };
  for (let round = 0; round < ROUNDS; round++) {
    await ask(`${round}a`);
    await Bun.sleep(random.between(0, 400));
    await loseLastMoments(async () => {
      await ask(`${round}b`);
      await Bun.sleep(random.between(0, 300));
    });
  }
  for (const job of jobs) {
    await job.completed;
    expect(job.faults).toEqual([]);
    const end = job.end();
    expect(end?.t).toBe("done");
    // Of an answer that the gateway has lost the end of, and that is told again, there is a reset and the end.
    if (end?.t === "done") expect(["", end.text]).toContain(job.text());
  }
  const answers = (member: string) =>
    system.wecomApi.list(member).filter(({ content }) => content.includes("问"));
  const unanswered = () => questions.filter(({ member }) => answers(member).length === 0);
  await until("every message has its answer", () => unanswered().length === 0, 30_000).catch(() => {
    throw new Error(
      `not answered: ${unanswered()
        .map(({ member, text }) => `${text}: ${JSON.stringify(system.wecomApi.list(member))}`)
        .join("；")}`,
    );
  });
  for (const { member } of questions) expect(answers(member)).toHaveLength(1);
}, 120_000);
