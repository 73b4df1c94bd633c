import { afterAll, beforeAll, expect, test } from "bun:test";
import { whileFrozen } from "../../../test/frozen.ts";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { Push } from "../../contract/link-api.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import { agentKeys } from "../redis/keys.ts";
import { followJobEvents } from "./job-events.ts";
import { openPusher } from "./push-early.ts";

const AGENT = { id: "a1", epoch: 7 };
const WRITER = { id: "process-1", first: 0 };
let parts: GatewaysOnRedis;

beforeAll(async () => {
  parts = await startGatewayParts();
  await parts.redis.set(agentKeys(AGENT.id).epoch, AGENT.epoch);
});
afterAll(() => parts.stop());

/** A job that runs, with a reader on this gateway who has seen that, and one on another gateway. */
async function runningJob() {
  const job = newJob();
  await parts.jobs.enqueue(job, { channel: "test", origin: "" });
  const push = openPusher(parts);
  const stop = new AbortController();
  const follow = async ({ redis, hub }: Pick<GatewaysOnRedis, "redis" | "hub">, into: ReplyEvent[]) => {
    for await (const [, events] of followJobEvents({
      redis,
      hub,
      jobId: job.id,
      seen: 0,
      signal: stop.signal,
    }))
      into.push(...events);
  };
  const [here, elsewhere]: [ReplyEvent[], ReplyEvent[]] = [[], []];
  const readers = [follow(parts, here), follow(await parts.another(), elsewhere)];
  const says = (from: number, ...events: ReplyEvent[]) =>
    push(AGENT, { jobId: job.id, writer: WRITER, from, events });
  await says(0, { t: "started" });
  await until("both readers", () => here.length === 1 && elsewhere.length === 1);
  return {
    job,
    push: (change: Partial<Push> & Pick<Push, "from" | "events">) =>
      push(AGENT, { jobId: job.id, writer: WRITER, ...change }),
    says,
    here,
    elsewhere,
    ended: () => Promise.all(readers),
    stop: () => stop.abort(),
  };
}
/** Whatever is early is with the reader by then. */
const turnOfTheEventLoop = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
const delta = (text: string): ReplyEvent => ({ t: "delta", text });
const DONE: ReplyEvent = { t: "done", text: "甲乙" };

test("a reader here has the next events before Redis does, and everybody has each of them once", async () => {
  const { says, here, elsewhere, ended } = await runningJob();
  const pushed = await whileFrozen(parts.server, async () => {
    const pushing = says(1, delta("甲"));
    await until("the early delta", () => here.length === 2);
    return { pushing };
  });
  expect(await pushed.pushing).toEqual({ next: 2, closed: false });
  await says(2, delta("乙"));
  await says(3, DONE);
  await ended();
  const all = [{ t: "started" }, delta("甲"), delta("乙"), DONE];
  expect(here).toEqual(all as ReplyEvent[]);
  expect(elsewhere).toEqual(all as ReplyEvent[]);
});

test.each<[string, Partial<Push> & Pick<Push, "from" | "events">]>([
  ["the end: a user's cancelling may have come before it", { from: 1, events: [DONE] }],
  [
    "another process with the same id",
    { from: 1, writer: { id: "process-2", first: 1 }, events: [delta("别")] },
  ],
  ["a hole", { from: 2, events: [delta("缺")] }],
])("not early, for Redis might say no: %s", async (_, uncertain) => {
  const { push, here, stop } = await runningJob();
  const pushing = await whileFrozen(parts.server, async () => {
    const pushing = push(uncertain);
    await turnOfTheEventLoop();
    expect(here).toEqual([{ t: "started" }]);
    return { pushing };
  });
  await pushing.pushing;
  stop();
});

test("a job of a link that has just come back is not early before Redis has taken one of its pushes", async () => {
  const { job, here, stop } = await runningJob();
  const pushOverNewLink = openPusher(parts);
  const says = (from: number, ...events: ReplyEvent[]) =>
    pushOverNewLink({ ...AGENT }, { jobId: job.id, writer: WRITER, from, events });
  await whileFrozen(parts.server, async () => {
    says(1, delta("甲")).catch(() => {});
    await turnOfTheEventLoop();
    expect(here.length).toBe(1);
  });
  await until("the delta", () => here.length === 2);
  stop();
});
