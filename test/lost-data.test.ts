import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isFinal } from "../src/gateway/jobs/job-record.ts";
import { openRandom } from "./random.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { tasksTold } from "./task-user.ts";
import { type WatchedFeed, watchFeed } from "./watched-feed.ts";

const SLOW = "慢慢说";
const random = openRandom();
let system: System;
/** A person in WeCom and in the mini-program. */
let member: string;
let client: UserClient;
let feed: WatchedFeed;
let people = 0;

beforeAll(async () => {
  system = await startSystem({
    model: {
      tokensPerSecond: 50,
      // Longer than the test takes, if it was asked for.
      reply: (messages) => (messages.at(-1)?.content.includes(SLOW) ? "字".repeat(20_000) : "好"),
    },
    agentEnv: { CLAW_AGENT_SLOTS: "2" },
  });
}, 60_000);
afterAll(() => system.stop(), 30_000);
beforeEach(async () => {
  member = `member${++people}`;
  client = system.client(await system.signIn(member));
  await system.wecom.sendText(member, "/bind");
  const code = () => texts().flatMap((text) => /\b\d{6}\b/.exec(text) ?? [])[0];
  await until("a code", () => code() !== undefined);
  await client.api.me.bind.mutate({ code: code() ?? "" });
  feed = await watchFeed(client);
});
afterEach(() => feed.stop());

const texts = () =>
  system.wecomApi
    .list(member)
    .flatMap(({ msgtype, content }) => (msgtype === "template_card" ? [] : [content]));

interface Work {
  turns: string[];
  tasks: string[];
}

/** A turn and a task in WeCom and in the mini-program each; two of them run, the others wait at the agent. */
async function atWork(): Promise<Work> {
  const open = () => feed.events.flatMap((event) => (event.t === "job" ? [event.job.jobId] : []));
  await system.wecom.sendText(member, `${SLOW}，在企业微信里问的`);
  await until("the question in the feed", () => open().length > 0);
  const [asked = ""] = open();
  const task = await client.api.task.create.mutate({ prompt: SLOW, idempotencyKey: crypto.randomUUID() });
  await until("two of them to run", () => system.model.running() === 2);
  const { jobId } = await client.api.chat.send.mutate({
    text: "等着轮到",
    idempotencyKey: crypto.randomUUID(),
  });
  await system.wecom.sendText(member, "/task 也等着");
  const listed = async () => (await client.api.task.list.query()).tasks;
  await until("all to be at the agent", async () => {
    const waiting = (await listed()).map(({ status }) => status);
    return waiting.join() === "delivered,running" && feed.statuses(jobId).includes("delivered");
  });
  const other = (await listed()).find(({ id }) => id !== task.id);
  return { turns: [asked, jobId], tasks: [task.id, other?.id ?? ""] };
}

async function loseData(): Promise<void> {
  await system.agent().kill9();
  rmSync(join(system.dir, "agent"), { recursive: true });
  // As long as the old one counts as connected, a new one is refused, and comes back after seconds.
  await until("it to be offline", async () => (await client.api.agent.list.query())[0]?.online === false);
}

/** Whoever asked has been told that it is lost, once, and nothing counts as open. */
async function expectToldOnce({ turns, tasks }: Work): Promise<void> {
  const ends = () => [
    ...turns.map((jobId) => feed.statuses(jobId).filter((status) => status === "failed").length),
    ...tasks.map((id) => tasksTold(feed, id).filter(({ status }) => isFinal(status)).length),
  ];
  await until("the feed to tell of all", () => ends().every((count) => count > 0));
  const lost = () => texts().filter((text) => text.includes("智能体丢失了数据"));
  await until("WeCom to tell of both", () => lost().length >= 2);
  // What comes later, comes behind whatever else there may be.
  await system.wecom.sendText(member, "/status");
  await until("the status", () => texts().some((text) => text.includes("个进行中")));
  expect(texts().find((text) => text.includes("个进行中"))).not.toMatch(/[1-9] 个(进行|等待)中/);
  expect(lost()).toHaveLength(2);
  expect(ends()).toEqual([1, 1, 1, 1]);
  for (const id of tasks)
    expect(await client.api.task.get.query({ id })).toMatchObject({ failure: { code: "no-life" } });
}

describe("an agent that comes back without its data", () => {
  test("what it had has failed; what was sent meanwhile and comes now is answered", async () => {
    const work = await atWork();
    await loseData();
    await system.wecom.sendText(member, "趁它不在");
    await system.startAgent();
    // Before the status is asked for, in which it counts until then.
    await until("the answer", () => texts().includes("好"));
    await expectToldOnce(work);
    const [id = ""] = work.tasks;
    // Tried again, it is told to an agent that never had it.
    await client.api.task.retry.mutate({ id });
    await until("it to run", async () => (await client.api.task.get.query({ id })).status === "running");
    await client.api.task.cancel.mutate({ id });
    await until("its end", async () => (await client.api.task.get.query({ id })).status === "cancelled");
  });

  test(`with a gateway that is killed meanwhile, too: told once, seed ${random.seed}`, async () => {
    const work = await atWork();
    await loseData();
    const starting = system.startAgent();
    await until("it to come", async () => (await client.api.agent.list.query())[0]?.online === true);
    await Bun.sleep(random.between(0, 30));
    await system.gateway().kill9();
    await system.startGateway();
    await starting;
    await expectToldOnce(work);
  });

  test("killed and started with its data, it loses nothing", async () => {
    const { turns, tasks } = await atWork();
    await system.agent().kill9();
    await system.startAgent();
    const [[asked = ""], [running = ""]] = [turns, tasks];
    await client.api.job.cancel.mutate({ jobId: asked });
    await client.api.task.cancel.mutate({ id: running });
    const ends = () => [
      ...turns.map((jobId) => feed.statuses(jobId).at(-1)),
      ...tasks.map((id) => tasksTold(feed, id).at(-1)?.status),
    ];
    await until("all to end", () => ends().join() === "cancelled,done,cancelled,done");
    expect(texts().join()).not.toContain("智能体丢失了数据");
  });
});
