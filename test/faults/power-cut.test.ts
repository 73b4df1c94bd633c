import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openRandom } from "../random.ts";
import { startSystem, type System, until, type UserClient } from "../system.ts";
import { type WatchedJob, watchJob } from "../watched-job.ts";

const ROUNDS = 8;
const random = openRandom();
let system: System;
let client: UserClient;
let folder: string;

beforeAll(async () => {
  // Answers of different lengths: the second one may well be shorter than what the user has seen of the first.
  let asked = 0;
  system = await startSystem({
    model: {
      tokensPerSecond: 150,
      parallel: 64,
      reply: () => "这是一段模拟的回答，".repeat(((++asked * 7) % 13) + 4),
    },
    agentEnv: { CLAW_AGENT_SLOTS: "64" },
  });
  client = system.client(await system.signIn("watcher"));
  folder = join(system.dir, "agent");
}, 60_000);

afterAll(() => system.stop(), 30_000);

/** A power cut takes what SQLite had committed but not synced: the agent comes back with its data of a moment before. */
async function cutPower(during: () => Promise<unknown>): Promise<void> {
  const kept = join(system.dir, "kept.sqlite");
  const live = new Database(join(folder, "agent.sqlite"));
  live.run("VACUUM INTO ?", [kept]);
  live.close();
  await during();
  await system.agent().kill9();
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  renameSync(kept, join(folder, "agent.sqlite"));
  await system.startAgent();
}

test(`an agent that lost its last moments answers all the same, seed ${random.seed}`, async () => {
  const jobs: WatchedJob[] = [];
  const ask = async (text: string) => {
    const { jobId } = await client.api.chat.send.mutate({ text, idempotencyKey: text });
    const job = watchJob(client, jobId);
    jobs.push(job);
    return job;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const [one, two] = await Promise.all([ask(`第 ${round} 轮，甲`), ask(`第 ${round} 轮，乙`)]);
    await until("both speak", () => one.text() !== "" && two.text() !== "");
    // Long enough, too, for the orders to be on the disk: those are synced before the gateway lets go of them.
    await Bun.sleep(random.between(50, 150));
    await cutPower(() => Bun.sleep(random.between(0, 400)));
    await Promise.all(jobs.map(({ completed }) => completed));
  }
  for (const job of jobs) {
    expect(job.faults).toEqual([]);
    expect(job.end()).toEqual(expect.objectContaining({ t: "done", text: job.text() }));
  }
}, 60_000);
