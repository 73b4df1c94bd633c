import { afterAll, beforeAll, expect, test } from "bun:test";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import { watchJob } from "./watched-job.ts";

/** More than a client may ask for in one message; all of them have something to say when the link is back. */
const JOBS = 150;
/** As many as one client may follow at once. */
const WATCHED = 40;
let system: System;
let user: UserClient;

beforeAll(async () => {
  system = await startSystem({
    model: { tokensPerSecond: 40, tokensPerAnswer: 120, parallel: JOBS },
    agentEnv: { CLAW_AGENT_SLOTS: String(JOBS) },
  });
  user = system.client(await system.signIn("user"));
}, 60_000);
afterAll(() => system.stop(), 30_000);

test("an agent with many answers in the making comes back at once, and each is whole", async () => {
  const jobs = await Promise.all(
    Array.from({ length: JOBS }, (_, n) =>
      user.api.chat.send.mutate({ text: `第 ${n} 问`, idempotencyKey: Bun.randomUUIDv7() }),
    ),
  );
  const watched = jobs.slice(0, WATCHED).map(({ jobId }) => watchJob(user, jobId));
  await until("all are being answered", async () => {
    const [agent] = await user.api.agent.list.query();
    return agent?.running === JOBS;
  });
  await system.gateway().kill9();
  // Meanwhile each of them has more to send.
  await Bun.sleep(500);
  await system.startGateway();
  await until("the link", async () => (await user.api.agent.list.query())[0]?.online === true, 4_000);
  await Promise.all(watched.map(({ completed }) => completed));
  expect(system.agent().output()).not.toContain("网关拒绝了本机的连接");
  for (const job of watched) {
    expect(job.faults).toEqual([]);
    expect(job.end()?.t).toBe("done");
    expect(job.events.filter(({ t }) => t === "reset")).toEqual([]);
  }
}, 60_000);
