import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import { agentKeys } from "../redis/keys.ts";
import type { Hub } from "../redis/hub.ts";
import { followJobEvents, readOutcome } from "./job-events.ts";
import { pushEvents } from "./push-events.ts";

const AGENT = { id: "a1", epoch: 7 };
const keys = agentKeys(AGENT.id);
let parts: GatewaysOnRedis;

beforeAll(async () => {
  parts = await startGatewayParts();
  await parts.redis.set(keys.epoch, AGENT.epoch);
});
afterAll(() => parts.stop());

/** A job, and an agent that says something more of it. */
async function talkingJob() {
  const job = newJob();
  await parts.jobs.enqueue(job, { channel: "test", origin: "" });
  let next = 0;
  const events: ReplyEvent[] = [];
  return {
    jobId: job.id,
    events,
    async says(...more: ReplyEvent[]) {
      events.push(...more);
      ({ next } = await pushEvents(parts.redis, AGENT, { jobId: job.id, from: next, events: more }));
    },
  };
}
const delta = (n: number): ReplyEvent => ({ t: "delta", text: `${n};` });
const deltas = (count: number) => Array.from({ length: count }, (_, i) => delta(i));
const DONE: ReplyEvent = { t: "done", text: "完" };

/** Follows a job in the background and notes what comes. */
function reader(jobId: string, seen = 0, from: Pick<GatewaysOnRedis, "redis" | "hub"> = parts) {
  const stop = new AbortController();
  const events: ReplyEvent[] = [];
  const ids: string[] = [];
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]);
  const done = (async () => {
    for await (const [id, batch] of followJobEvents({ ...from, jobId, seen, signal })) {
      ids.push(id);
      events.push(...batch);
    }
  })();
  return { events, ids, done, stop: () => stop.abort() };
}
const listeners = async (jobId: string) => {
  const [, count] = (await parts.redis.pubsub("NUMSUB", keys.events(jobId))) as [string, number];
  return count;
};

test("what was before and what comes after are one row, and its end is the reader's end", async () => {
  const job = await talkingJob();
  await job.says({ t: "started" }, delta(1));
  const { events, ids, done } = reader(job.jobId);
  await until("the history", () => events.length === 2);
  await job.says(delta(2));
  await job.says(delta(3), DONE);
  await done;
  expect(events).toEqual(job.events);
  expect(ids.at(-1)).toBe("5-0");
});

test("a reader that has had the end lets go of the channel, though its signal goes on", async () => {
  const job = await talkingJob();
  const { done } = reader(job.jobId);
  await until("the subscription", async () => (await listeners(job.jobId)) === 1);
  await job.says(DONE);
  await done;
  await until("nobody to listen", async () => (await listeners(job.jobId)) === 0);
});

test("stopped at any moment, even before it begins, a reader just ends", async () => {
  for (let delayMs = -1; delayMs < 5; delayMs++) {
    const job = await talkingJob();
    const { done, stop } = reader(job.jobId);
    if (delayMs >= 0) await Bun.sleep(delayMs);
    stop();
    await done;
    await until("nobody to listen", async () => (await listeners(job.jobId)) === 0);
  }
});

test("resumes after any number, also in the middle of a batch", async () => {
  const job = await talkingJob();
  await job.says({ t: "started" });
  await job.says(...deltas(5));
  await job.says(delta(6), DONE);
  for (let seen = 0; seen < job.events.length; seen++) {
    const { events, ids, done } = reader(job.jobId, seen);
    await done;
    expect(events).toEqual(job.events.slice(seen));
    expect(ids.at(-1)).toBe("8-0");
  }
});

test("a history of more than one page comes whole", async () => {
  const job = await talkingJob();
  for (let i = 0; i < 230; i++) await job.says(delta(i));
  await job.says(DONE);
  const { events, done } = reader(job.jobId);
  await done;
  expect(events).toEqual(job.events);
});

test("a reader slower than the agent loses nothing when its mailbox overflows", async () => {
  const job = await talkingJob();
  const follow = followJobEvents({
    ...parts,
    jobId: job.jobId,
    seen: 0,
    signal: AbortSignal.timeout(10_000),
  });
  await job.says({ t: "started" });
  const events: ReplyEvent[] = [...((await follow.next()).value?.[1] ?? [])];
  // While it looks away: more batches than are kept for it.
  for (let i = 0; i < 600; i++) await job.says(delta(i));
  await job.says(DONE);
  for await (const [, batch] of follow) events.push(...batch);
  expect(events).toEqual(job.events);
});

test("what was published while the subscriber was away is found in the stream", async () => {
  const job = await talkingJob();
  const other = await parts.another();
  const { events, done } = reader(job.jobId, 0, other);
  await job.says({ t: "started" });
  await until("the first", () => events.length === 1);
  other.subscriber.disconnect(true);
  for (let i = 0; i < 20; i++) await job.says(delta(i));
  await job.says(DONE);
  await done;
  expect(events).toEqual(job.events);
});

test("what the channel loses is found by the numbers", async () => {
  const job = await talkingJob();
  let heard = 0;
  const lossy: Hub = {
    ...parts.hub,
    listen: (channel, listener, signal) =>
      parts.hub.listen(channel, (message) => heard++ % 3 === 2 && listener(message), signal),
  };
  const { events, done } = reader(job.jobId, 0, { redis: parts.redis, hub: lossy });
  await until("the subscription", async () => (await listeners(job.jobId)) === 1);
  for (let i = 0; i < 8; i++) {
    await job.says(delta(i));
    if (i % 3 === 2) await until("all so far", () => events.length === i + 1);
  }
  await job.says(DONE);
  await done;
  expect(events).toEqual(job.events);
});

test("what is repeated on the channel comes once", async () => {
  const job = await talkingJob();
  const { events, done } = reader(job.jobId);
  await job.says({ t: "started" }, delta(1));
  await until("the first", () => events.length === 2);
  const repeat = JSON.stringify(job.events);
  await parts.redis.publish(keys.events(job.jobId), `0\n${repeat}`);
  // It overlaps what is there: only its end is new.
  await job.says(delta(2), DONE);
  await parts.redis.publish(keys.events(job.jobId), `1\n${JSON.stringify(job.events.slice(1))}`);
  await done;
  expect(events).toEqual(job.events);
});

test("the outcome is the end and the text that was valid then", async () => {
  const job = await talkingJob();
  await job.says({ t: "started" }, { t: "delta", text: "错的" });
  await job.says({ t: "reset" }, { t: "reasoning", text: "想" }, { t: "delta", text: "对" });
  await job.says({ t: "delta", text: "的" });
  expect(await readOutcome(parts.redis, job.jobId)).toBeUndefined();
  const event: ReplyEvent = { t: "failed", code: "model-error", message: "断了" };
  await job.says(event);
  expect(await readOutcome(parts.redis, job.jobId)).toEqual({ event, text: "对的" });
  expect(await readOutcome(parts.redis, "a1.nosuch")).toBeUndefined();
});
