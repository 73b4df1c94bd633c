import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import { openRandom } from "../../../test/random.ts";
import type { Job } from "../../contract/job.ts";
import { isTerminal, type ReplyEvent } from "../../contract/reply-event.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { agentKeys } from "../redis/keys.ts";
import { followJobEvents } from "./job-events.ts";
import { pushEvents } from "./push-events.ts";

const AGENT = { id: "a1", epoch: 7 };
const keys = agentKeys(AGENT.id);
const random = openRandom();
const whole = (min: number, max: number) => Math.floor(random.between(min, max));
let parts: GatewaysOnRedis;

beforeAll(async () => {
  parts = await startGatewayParts();
  await parts.redis.set(keys.epoch, AGENT.epoch);
});
afterAll(() => parts.stop());

async function queuedJob(change: Partial<Job> = {}): Promise<string> {
  const job = newJob(change);
  await parts.jobs.enqueue(job, { channel: "test", origin: "" });
  return job.id;
}
const push = (jobId: string, from: number, events: readonly ReplyEvent[], agent = AGENT) =>
  pushEvents(parts.redis, agent, { jobId, from, events: [...events] });

async function stored(jobId: string): Promise<ReplyEvent[]> {
  const events: ReplyEvent[] = [];
  const follow = followJobEvents({ ...parts, jobId, seen: 0, signal: AbortSignal.timeout(5_000) });
  for await (const [id, batch] of follow) {
    events.push(...batch);
    expect(id).toBe(`${events.length}-0`);
  }
  return events;
}

/** The statuses that are told of a job, in their order. */
async function changes(jobId: string): Promise<(string | undefined)[]> {
  const entries = await parts.redis.xrange(keys.changes, "-", "+");
  return entries
    .filter(([, fields]) => fields.includes(jobId))
    .map(([, fields]) => fields[fields.indexOf("status") + 1]);
}

function answerOf(length: number): ReplyEvent[] {
  return Array.from({ length }, (_, i) =>
    i === 0 ? { t: "started" } : i === length - 1 ? { t: "done", text: "完" } : { t: "delta", text: `${i};` },
  );
}

test(`pushes in any order, cut anyhow, repeated and overlapping: each number once, in order, seed ${random.seed}`, async () => {
  for (let round = 0; round < 15; round++) {
    const jobId = await queuedJob();
    const events = answerOf(whole(2, 60));
    const attempts: Promise<unknown>[] = [];
    let result = { next: 0, closed: false };
    while (!result.closed) {
      // From anywhere between the beginning and beyond what is there.
      const from = Math.min(events.length - 1, whole(0, result.next + 4));
      const sent = push(jobId, from, events.slice(from, from + whole(1, 20)));
      if (whole(0, 3) === 0) attempts.push(sent);
      else {
        const before = result.next;
        result = await sent;
        expect(result.next).toBeGreaterThanOrEqual(before);
      }
    }
    await Promise.all(attempts);
    expect(await stored(jobId)).toEqual(events);
  }
});

test("two gateways with the same push at once keep it once", async () => {
  const jobId = await queuedJob();
  const other = await parts.another();
  const events = answerOf(5);
  const push = { jobId, from: 0, events };
  const results = await Promise.all(
    [parts, other, parts, other].map(({ redis }) => pushEvents(redis, AGENT, push)),
  );
  for (const result of results) expect(result).toEqual({ next: 5, closed: true });
  expect(await stored(jobId)).toEqual(events);
});

test("of a repeated push that goes on beyond what is there, the new end is kept at once", async () => {
  const jobId = await queuedJob();
  const events = answerOf(6);
  expect(await push(jobId, 0, events.slice(0, 3))).toEqual({ next: 3, closed: false });
  expect(await push(jobId, 1, events.slice(1, 5))).toEqual({ next: 5, closed: false });
  expect(await push(jobId, 0, events.slice(0, 2))).toEqual({ next: 5, closed: false });
  expect(await push(jobId, 0, events)).toEqual({ next: 6, closed: true });
  expect(await stored(jobId)).toEqual(events);
});

test("a gap is answered with what is missing, and nothing of it is kept", async () => {
  const jobId = await queuedJob();
  expect(await push(jobId, 2, [{ t: "cancelled" }])).toEqual({ next: 0, closed: false });
  expect((await parts.jobs.find(jobId))?.status).toBe("queued");
});

test("an older link, and an agent of which there is no link, may write nothing", async () => {
  const jobId = await queuedJob();
  for (const epoch of [AGENT.epoch - 1, AGENT.epoch + 1]) {
    const refused = await push(jobId, 0, [{ t: "started" }], { ...AGENT, epoch }).catch(reasonOf);
    expect(refused).toBe("superseded");
  }
  expect((await parts.jobs.find(jobId))?.status).toBe("queued");
});

test("an agent may not write to a job of another one, or to one that is not there", async () => {
  await parts.redis.set(agentKeys("a2").epoch, AGENT.epoch);
  const jobId = await queuedJob();
  expect(await push(jobId, 0, [{ t: "started" }], { id: "a2", epoch: AGENT.epoch }).catch(reasonOf)).toBe(
    "not-found",
  );
  expect(await push("a1.nosuch", 0, [{ t: "started" }]).catch(reasonOf)).toBe("not-found");
});

test("nothing comes after the end, not even within one push", async () => {
  const jobId = await queuedJob();
  const end: ReplyEvent = { t: "failed", code: "model-error", message: "坏了" };
  expect(await push(jobId, 0, [end, { t: "delta", text: "多余" }])).toEqual({ next: 1, closed: true });
  expect(await push(jobId, 1, [{ t: "done", text: "多余" }])).toEqual({ next: 1, closed: true });
  expect(await stored(jobId)).toEqual([end]);
  expect((await parts.jobs.find(jobId))?.status).toBe("failed");
});

test("a change of status is written once, in the same step as the events", async () => {
  const jobId = await queuedJob();
  await push(jobId, 0, [{ t: "started" }]);
  await push(jobId, 1, [{ t: "reset" }, { t: "started" }, { t: "delta", text: "答" }]);
  await push(jobId, 4, [{ t: "done", text: "答" }]);
  expect(await changes(jobId)).toEqual(["queued", "running", "done"]);
  expect((await stored(jobId)).filter(isTerminal)).toHaveLength(1);
});

test("that a task began is told also when the same push has its end; of a turn nobody asks", async () => {
  const failed: ReplyEvent[] = [{ t: "started" }, { t: "failed", code: "too-long", message: "内容太长" }];
  const [task, turn] = [await queuedJob({ kind: "task" }), await queuedJob()];
  await push(task, 0, failed);
  await push(turn, 0, failed);
  expect(await changes(task)).toEqual(["queued", "running", "failed"]);
  expect(await changes(turn)).toEqual(["queued", "failed"]);
});

test("an agent that lost its last moments is told to number anew; one that lost nothing goes on", async () => {
  const jobId = await queuedJob();
  const writes = (id: string, first: number, from: number, events: ReplyEvent[]) =>
    pushEvents(parts.redis, AGENT, { jobId, writer: { id, first }, from, events });
  await writes("p1", 0, 0, answerOf(6).slice(0, 5));
  // It knows of two of the five: what it calls number 2 is not what is there.
  const again: ReplyEvent[] = [{ t: "reset" }, { t: "done", text: "新" }];
  expect(await writes("p2", 2, 2, again)).toEqual({ next: 5, closed: false, ahead: true });
  expect(await writes("p2", 2, 0, again)).toEqual({ next: 5, closed: false, ahead: true });
  // It knows of all five.
  expect(await writes("p3", 5, 0, answerOf(6).slice(0, 5))).toEqual({ next: 5, closed: false });
  expect(await writes("p3", 5, 5, again)).toEqual({ next: 7, closed: true });
  expect((await stored(jobId)).slice(5)).toEqual(again);
});
