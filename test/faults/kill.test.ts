import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Program, startProgram, untilReady } from "../../dev/program.ts";
import { openRandom } from "../random.ts";
import { startSystem, type System, until, type UserClient } from "../system.ts";
import { type WatchedJob, watchJob } from "../watched-job.ts";

/** Kills per victim. */
const ROUNDS = Number(process.env["CLAW_TEST_KILLS"] ?? 20);
/** An answer of 120 tokens at 200 a second: 0.6 s, of which a kill hits any part. */
const MODEL = ["--tokens-per-second", "200", "--tokens", "120", "--parallel", "64"];
const random = openRandom();

let system: System;
let model: Program;
let client: UserClient;
const modelPort = freePort();

async function startModel(): Promise<void> {
  model = startProgram({ entry: "dev/lm-studio.ts", env: {}, args: ["--port", String(modelPort), ...MODEL] });
  await untilReady(`http://127.0.0.1:${modelPort}/v1/models`, model);
}

function redisPid(): number {
  const run: unknown = JSON.parse(readFileSync(join(system.dir, "gateway", "redis", "run.json"), "utf8"));
  return (run as { pid: number }).pid;
}

const VICTIMS: Record<string, () => Promise<void>> = {
  async gateway() {
    await system.gateway().kill9();
    await system.startGateway();
  },
  async agent() {
    await system.agent().kill9();
    await system.startAgent();
  },
  "redis-server"() {
    process.kill(redisPid(), "SIGKILL");
    return Promise.resolve();
  },
  async "model server"() {
    await model.kill9();
    await startModel();
  },
  async "gateway and agent"() {
    await Promise.all([system.gateway().kill9(), system.agent().kill9()]);
    await system.startGateway();
    await system.startAgent();
  },
};

/** Sends a chat message as a client does: the same one again until it is told that it arrived. */
async function sendChat(text: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      const sent = await client.api.chat.send.mutate({ text, idempotencyKey: `key-${text}` });
      return sent.jobId;
    } catch (error) {
      if (attempt > 100) throw error;
      await Bun.sleep(50);
    }
  }
}

beforeAll(async () => {
  await startModel();
  // One agent slot per question: what is tested is the custody, not the queue.
  const modelUrl = `http://127.0.0.1:${modelPort}`;
  system = await startSystem({ modelUrl, agentEnv: { CLAW_AGENT_SLOTS: "64" } });
  client = system.client(await system.signIn("watcher"));
}, 60_000);

afterAll(async () => {
  await system.stop();
  await model.stop();
}, 60_000);

describe(`kill -9 in mid-answer, ${ROUNDS} times each, seed ${random.seed}`, () => {
  for (const [victim, kill] of Object.entries(VICTIMS)) {
    test(
      victim,
      async () => {
        const jobs: WatchedJob[] = [];
        const questions: { member: string; text: string }[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const name = `${victim.replaceAll(/\W/g, "")}${round}`;
          const question = { member: `member-${name}`, text: `第 ${name} 问` };
          const { delivered } = await system.wecom.sendText(question.member, question.text);
          expect(delivered).toBe(true);
          questions.push(question);
          jobs.push(watchJob(client, await sendChat(`第 ${name} 问，来自小程序`)));
          await Bun.sleep(random.between(0, 700));
          await kill();
          // An answer that breaks off too often fails, as a question that crashes the model server has to.
          if (victim === "model server") await jobs.at(-1)?.completed;
        }
        for (const job of jobs) await job.completed;
        for (const { faults } of jobs) expect(faults).toEqual([]);
        for (const job of jobs) {
          const end = job.end();
          if (end?.t !== "done") throw new Error(`ended with ${JSON.stringify(end)}`);
          expect(end.text).toBe(job.text());
        }
        const answers = (member: string) =>
          system.wecomApi.list(member).filter(({ content }) => content.includes("问"));
        await until(
          "every WeCom message has its answer",
          () => questions.every(({ member }) => answers(member).length > 0),
          30_000,
        );
        // A member's messages go out in order: with the answer to one more question, a second one to the first is there.
        for (const { member } of questions) await system.wecom.sendText(member, "再问一次");
        await until(
          "every further message has its answer",
          () => questions.every(({ member }) => answers(member).at(-1)?.content.includes("再问一次")),
          30_000,
        );
        for (const { member, text } of questions) {
          expect(answers(member)).toHaveLength(2);
          expect(answers(member)[0]?.content).toContain(text);
        }
      },
      240_000,
    );
  }
});
