import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { JobStatus } from "../../contract/job.ts";
import type { JobRecord } from "../jobs/job-record.ts";
import { openFeed } from "./feed.ts";

let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

function record(userId: string): JobRecord {
  const { id, conversationId, text, createdAt } = newJob();
  return {
    id,
    kind: "turn",
    userId,
    agentId: "a1",
    conversationId,
    channel: "wecom",
    origin: "zhangsan",
    status: "queued",
    preview: text,
    createdAt,
  };
}
function follow(userId: string, lastEventId?: string) {
  const stop = new AbortController();
  const ids: string[] = [];
  const told: string[] = [];
  const done = (async () => {
    for await (const [id, event] of openFeed(parts.redis, parts.hub, parts.restarts).events(
      userId,
      lastEventId,
      stop.signal,
    )) {
      ids.push(id);
      told.push(event.t === "job" ? `${event.job.jobId} ${event.job.status}` : event.t);
    }
  })();
  return {
    ids,
    told,
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}

test("every device hears of each change once, and none goes back, however often it is told", async () => {
  const feed = openFeed(parts.redis, parts.hub, parts.restarts);
  const devices = [follow("u1"), follow("u1")];
  await until("both to be ready", () => devices.every(({ told }) => told.length === 1));
  const job = record("u1");
  const statuses: JobStatus[] = [
    "queued",
    "queued",
    "running",
    "delivered",
    "queued",
    "done",
    "running",
    "failed",
  ];
  for (const status of statuses) await feed.tell(job, status);
  await feed.tell(record("u2"), "queued");
  const last = record("u1");
  await feed.tell(last, "queued");
  for (const { told, stop } of devices) {
    await until("the last", () => told.includes(`${last.id} queued`));
    expect(told).toEqual([
      "ready",
      `${job.id} queued`,
      `${job.id} running`,
      `${job.id} done`,
      `${last.id} queued`,
    ]);
    await stop();
  }
});

test("resumes after the last event seen, or after the ready that came first", async () => {
  const feed = openFeed(parts.redis, parts.hub, parts.restarts);
  const first = follow("u3");
  await until("it to be ready", () => first.told.length === 1);
  await first.stop();
  const jobs = [record("u3"), record("u3"), record("u3")];
  for (const job of jobs) await feed.tell(job, "queued");
  const second = follow("u3", first.ids[0]);
  await until("all three", () => second.told.length === 3);
  await second.stop();
  const third = follow("u3", second.ids[1]);
  await until("the rest", () => third.told.length === 1);
  expect(third.told).toEqual([`${jobs[2]?.id} queued`]);
  await third.stop();
});

test("open jobs, newest first, until they end; a late repeat opens nothing", async () => {
  const feed = openFeed(parts.redis, parts.hub, parts.restarts);
  const [one, two] = [record("u4"), record("u4")];
  await feed.noteOpen("u4", one.id);
  await Bun.sleep(2);
  await feed.noteOpen("u4", two.id);
  await Bun.sleep(2);
  // The same message once more does not make its job the newest.
  await feed.noteOpen("u4", one.id);
  expect(await feed.openJobs("u4")).toEqual([two.id, one.id]);
  await feed.tell(two, "queued");
  await feed.tell(two, "cancelled");
  await feed.noteOpen("u4", two.id);
  expect(await feed.openJobs("u4")).toEqual([one.id]);
});

test("what is announced comes on all devices, in order with the rest, and to who resumes", async () => {
  const feed = openFeed(parts.redis, parts.hub, parts.restarts);
  const devices = [follow("u5"), follow("u5")];
  await until("both to be ready", () => devices.every(({ told }) => told.length === 1));
  const job = record("u5");
  await feed.tell(job, "queued");
  await feed.announce("u5", { t: "conversation", id: "a1.c1", title: "新名字" });
  await feed.announce("u5", { t: "conversation-deleted", id: "a1.c1" });
  await feed.announce("u6", { t: "user" });
  await feed.announce("u5", { t: "user" });
  const told = [`${job.id} queued`, "conversation", "conversation-deleted", "user"];
  const late = follow("u5", devices[0]?.ids[0]);
  for (const device of [...devices, late]) {
    await until("the last", () => device.told.includes("user"));
    expect(device.told.filter((event) => event !== "ready")).toEqual(told);
    await device.stop();
  }
});
