import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { freePort } from "../dev/program.ts";
import type { Push } from "../src/contract/link-api.ts";
import type { ReplyEvent } from "../src/contract/reply-event.ts";
import { ask } from "./ask.ts";
import { type LinkClient, LinkRefused, openLinkClient } from "./link-client.ts";
import { openRandom } from "./random.ts";
import { AGENT, type Env, startSystem, type System, until, type UserClient } from "./system.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { watchJob } from "./watched-job.ts";

/** An agent that the tests play themselves. */
const PLAYED = { agentId: "a2", key: "played-agent-key-for-tests", instance: "instance-of-a2" } as const;
/** Over this time connections are counted; so many are no storm. */
const STORM_WINDOW_MS = 2_000;
const STORM_MAX_CONNECTIONS = 3;
const random = openRandom();

let system: System;
let proxy: TcpProxy;
let client: UserClient;
/** The agent's address, through the proxy. */
let throughProxy: Env;
let conversations = 0;

beforeAll(async () => {
  proxy = await startTcpProxy(() => Number(new URL(system.gatewayUrl).port));
  throughProxy = { CLAW_GATEWAY_URL: `ws://127.0.0.1:${proxy.port}/link` };
  system = await startSystem({
    // An answer takes about half a second.
    model: { tokensPerSecond: 200 },
    withoutAgent: true,
    gatewayEnv: { CLAW_AGENTS: `${AGENT.id}:${AGENT.key},${PLAYED.agentId}:${PLAYED.key}` },
    agentEnv: throughProxy,
  });
  await system.startAgent();
  client = system.client(await system.signIn("user"));
}, 60_000);
afterAll(async () => {
  await system.stop();
  await proxy.stop();
}, 30_000);

/** Another agent process, with data of its own. */
function launchAgent(
  name: string,
  env: Env,
): { stop(): Promise<number>; whyDown(): Promise<string | undefined> } {
  const adminPort = freePort();
  const program = system.launch("src/agent/main.ts", {
    ...system.env.agent,
    CLAW_DATA_DIR: join(system.dir, name),
    CLAW_ADMIN_PORT: String(adminPort),
    ...env,
  });
  return {
    stop: () => program.stop(),
    async whyDown() {
      const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
      if (!response) return undefined;
      const { link } = (await response.json()) as { link: { up: boolean; reason?: string } };
      return link.reason;
    },
  };
}

/** A job for the played agent. */
async function jobForPlayed(text = "演一下"): Promise<string> {
  const { jobId } = await client.api.chat.send.mutate({
    conversationId: `${PLAYED.agentId}.c${++conversations}`,
    text,
    idempotencyKey: crypto.randomUUID(),
  });
  return jobId;
}

describe("an agent that is turned down", () => {
  test.each([
    ["a wrong key", { ...PLAYED, key: "wrong" }],
    ["an unknown id", { ...PLAYED, agentId: "unknown" }],
  ])("for %s is told so, and the connection is closed", async (_, greeting) => {
    const refusal = await openLinkClient(system.gatewayUrl, greeting).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LinkRefused);
    expect(refusal).toMatchObject({ code: "UNAUTHORIZED", reason: "key-refused" });
  });

  test("comes back slowly, and its /readyz says why", async () => {
    const before = proxy.connections();
    const agent = launchAgent("wrong-key", { CLAW_AGENT_ID: PLAYED.agentId, CLAW_AGENT_KEY: "wrong-key" });
    await until("it is turned down", async () => (await agent.whyDown())?.includes("密钥不对") ?? false);
    await Bun.sleep(STORM_WINDOW_MS);
    expect(proxy.connections() - before).toBeLessThanOrEqual(STORM_MAX_CONNECTIONS);
    expect(await agent.stop()).toBe(0);
  });

  test("for its id being in use does not disturb the one that has it", async () => {
    const before = proxy.connections();
    const second = launchAgent("second", {});
    await until("it is turned down", async () => (await second.whyDown())?.includes("编号在线") ?? false);
    expect((await ask(client, "第一个还在吗")).end?.t).toBe("done");
    expect((await fetch(`${system.adminUrl}/readyz`)).status).toBe(200);
    expect(await second.stop()).toBe(0);
    expect(proxy.connections() - before).toBeLessThanOrEqual(STORM_MAX_CONNECTIONS);
  });
});

describe("an agent that comes back", () => {
  test("while its old connection still counts as open takes over at once", async () => {
    const since = (await client.api.agent.list.query())[0]?.since ?? 0;
    const cutAt = performance.now();
    proxy.cutCallers();
    await until("the new link", async () => ((await client.api.agent.list.query())[0]?.since ?? 0) > since);
    expect(performance.now() - cutAt).toBeLessThan(2_000);
    expect((await ask(client, "回来了吗")).end?.t).toBe("done");
  });

  test("many times, during an answer, loses and repeats nothing", async () => {
    const { jobId } = await client.api.chat.send.mutate({
      text: "断断续续",
      idempotencyKey: crypto.randomUUID(),
    });
    const job = watchJob(client, jobId);
    await until("the answer has begun", () => job.text() !== "");
    expect(job.end()).toBeUndefined();
    for (let i = 0; i < 5; i++) {
      proxy.cutCallers();
      await Bun.sleep(random.between(0, 300));
    }
    await job.completed;
    expect(job.faults).toEqual([]);
    expect(job.end()).toMatchObject({ t: "done", text: job.text() });
  });

  test("closes its older link, which can no longer push", async () => {
    const older = await openLinkClient(system.gatewayUrl, PLAYED);
    const jobId = await jobForPlayed();
    const begun = await older.push({ jobId, from: 0, events: [{ t: "started" }] });
    expect(begun).toEqual({ next: 1, closed: false });
    // Sent while the newer one greets: such a push gets in before the newer one is accepted, or not at all.
    let [gotIn, turnedAway, accepted] = [1, 0, false];
    const opening = openLinkClient(system.gatewayUrl, PLAYED).finally(() => (accepted = true));
    while (!accepted || turnedAway === 0) {
      const push = { jobId, from: gotIn, events: [{ t: "delta", text: "旧" } as const] };
      await older.push(push).then(
        () => gotIn++,
        () => turnedAway++,
      );
      await Bun.sleep(0);
    }
    const newer = await opening;
    await older.closed;
    const { next } = await newer.push({ jobId, from: 0, events: [{ t: "started" }] });
    // The last one may have got in and its answer not out.
    expect([gotIn, gotIn + 1]).toContain(next);
    const end = await newer.push({ jobId, from: next, events: [{ t: "done", text: "新" }] });
    expect(end).toEqual({ next: next + 1, closed: true });
    const job = watchJob(client, jobId);
    await job.completed;
    expect(job.faults).toEqual([]);
    expect(job.events).toHaveLength(next + 1);
    await newer.close();
  });
});

describe("pushing", () => {
  let link: LinkClient;
  beforeAll(async () => {
    link = await openLinkClient(system.gatewayUrl, PLAYED);
  });
  afterAll(() => link.close());
  const refusal = (push: Push) => link.push(push).catch((error: unknown) => error);

  test("events of another agent's job: refused", async () => {
    const { jobId } = await ask(client, "别人的任务");
    expect(await refusal({ jobId, from: 0, events: [{ t: "started" }] })).toMatchObject({
      code: "NOT_FOUND",
      reason: "not-found",
    });
  });

  test("events of a job that is not there: refused", async () => {
    expect(
      await refusal({
        jobId: `${PLAYED.agentId}.none`,
        from: 0,
        events: [{ t: "started" }],
      }),
    ).toMatchObject({ reason: "not-found" });
  });

  test("what is not an event, or no event at all: refused", async () => {
    const jobId = await jobForPlayed();
    const wrong = [{ t: "explode" }] as unknown as ReplyEvent[];
    expect(await refusal({ jobId, from: 0, events: wrong })).toMatchObject({ code: "BAD_REQUEST" });
    expect(await refusal({ jobId, from: 0, events: [] })).toMatchObject({ code: "BAD_REQUEST" });
  });

  test("after the end: closed, and nothing is added", async () => {
    const jobId = await jobForPlayed();
    const events: ReplyEvent[] = [
      { t: "done", text: "完" },
      { t: "delta", text: "多余" },
    ];
    expect(await link.push({ jobId, from: 0, events })).toEqual({ next: 1, closed: true });
    expect(await link.push({ jobId, from: 1, events })).toEqual({ next: 1, closed: true });
    const job = watchJob(client, jobId);
    await job.completed;
    expect(job.events).toEqual([{ t: "done", text: "完" }]);
  });

  test(`with gaps, overlaps and repeats keeps each event once, seed ${random.seed}`, async () => {
    const whole = (min: number, max: number) => Math.floor(random.between(min, max));
    for (let round = 0; round < 10; round++) {
      const jobId = await jobForPlayed();
      const watched = watchJob(client, jobId);
      const events: ReplyEvent[] = Array.from({ length: whole(1, 80) }, (_, i) => ({
        t: "delta",
        text: `${i};`,
      }));
      events.push({ t: "done", text: "完" });
      let next = 0;
      while (next < events.length) {
        // Some at once, as when an answer was late and the push was made again.
        const pushes = Array.from({ length: whole(1, 4) }, () => {
          const from = Math.min(Math.max(0, next + whole(-6, 4)), events.length - 1);
          return { jobId, from, events: events.slice(from, from + whole(1, 12)) };
        });
        const results = await Promise.all(pushes.map((push) => link.push(push)));
        for (const result of results) {
          expect(result.next).toBeGreaterThanOrEqual(next);
          expect(result.closed).toBe(result.next === events.length);
        }
        next = Math.max(...results.map((result) => result.next));
      }
      await watched.completed;
      expect(watched.faults).toEqual([]);
      expect(watched.events).toEqual(events);
    }
  });
});
