import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Program } from "../../dev/program.ts";
import { until } from "../until.ts";
import { BUILD_TIMEOUT_MS } from "./executables.ts";
import { processesFrom } from "./processes.ts";
import { openSite, type Site } from "./site.ts";

/** An answer takes about a second: long enough to be in its midst. */
const MODEL = { tokensPerSecond: 100 };

let site: Site;
let gateway: Program;
let agent: Program;
const asked: { member: string; text: string }[] = [];

beforeAll(async () => {
  site = await openSite({ model: MODEL });
  gateway = await site.startGateway();
  agent = await site.startAgent();
}, BUILD_TIMEOUT_MS);
afterAll(() => site.stop());

/** Resolves when the model is in the midst of the answer. */
async function askAndWait(member: string, text: string): Promise<void> {
  asked.push({ member, text });
  await site.ask(member, text);
  await until("the model is answering", () => site.model.running() > 0);
}

function redisPid(): number {
  const [redis] = processesFrom(site.root).filter(({ exe }) => exe.endsWith("/redis-server"));
  if (!redis) throw new Error("no redis-server runs");
  return redis.pid;
}

test("a gateway that is killed in mid-answer takes over its Redis when it comes back", async () => {
  await askAndWait("zhangsan", "网关停电了吗");
  const before = redisPid();
  await gateway.kill9();
  gateway = await site.startGateway();
  expect(gateway.output()).toContain("接管了先前留下的 Redis");
  expect(redisPid()).toBe(before);
  expect(await site.answersTo("zhangsan", "网关停电了吗")).toHaveLength(1);
});

test("an agent that is killed in mid-answer answers after its restart", async () => {
  await askAndWait("lisi", "智能体停电了吗");
  await agent.kill9();
  agent = await site.startAgent();
  expect(await site.answersTo("lisi", "智能体停电了吗")).toHaveLength(1);
});

test("everything killed in mid-answer, Redis too, answers after its restart", async () => {
  await askAndWait("wangwu", "都停电了吗");
  process.kill(redisPid(), "SIGKILL");
  await Promise.all([gateway.kill9(), agent.kill9()]);
  // A gateway that saw its Redis go may just have started another.
  for (const { pid } of processesFrom(site.root)) process.kill(pid, "SIGKILL");
  gateway = await site.startGateway();
  agent = await site.startAgent();
  expect(await site.answersTo("wangwu", "都停电了吗")).toHaveLength(1);
});

test("in the end each question has one answer, and nothing is left behind", async () => {
  // Ends everything that was still under way.
  await site.stopPrograms();
  for (const { member, text } of asked) expect(await site.answersTo(member, text)).toHaveLength(1);
});
