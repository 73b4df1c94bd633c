import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { openRedis, type RedisClient } from "../redis/connect.ts";
import { openHub } from "../redis/hub.ts";
import { JOB_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { openOutbox, type Outbox, type OutboxMessage } from "./outbox.ts";

let server: TestRedis;
let redis: RedisClient;
let outbox: Outbox;

beforeAll(async () => {
  server = await startTestRedis();
  redis = openRedis(server.url, "commands");
  outbox = openOutbox(redis);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
});

const message = (id: string, change: Partial<OutboxMessage> = {}): OutboxMessage => ({
  id,
  member: "zhangsan",
  type: "text",
  content: `内容 ${id}`,
  ...change,
});

async function queued(member = "zhangsan"): Promise<unknown[]> {
  const items = await redis.lrange(wecomKeys.outbox(member), 0, -1);
  return items.map((item) => (JSON.parse(item) as OutboxMessage).id);
}

test("a message is added once", async () => {
  expect(await outbox.add(message("a"))).toBe(true);
  expect(await outbox.add(message("a", { content: "另一个内容" }))).toBe(false);
  expect(await queued()).toEqual(["a"]);
  expect(await redis.ttl(wecomKeys.sent("a"))).toBeWithin(JOB_TTL_SECONDS - 5, JOB_TTL_SECONDS + 1);
});

test("the same message added by many at once is there once", async () => {
  const added = await Promise.all(Array.from({ length: 20 }, () => outbox.add(message("a"))));
  expect(added.filter(Boolean)).toHaveLength(1);
  expect(await queued()).toEqual(["a"]);
});

test("unlessSent leaves a message out once the other one was added, even if that is gone from the list", async () => {
  expect(await outbox.add(message("thinking-1", { unlessSent: "answer-1" }))).toBe(true);
  await outbox.add(message("answer-2"));
  await redis.del(wecomKeys.outbox("zhangsan"));
  expect(await outbox.add(message("thinking-2", { unlessSent: "answer-2" }))).toBe(false);
  expect(await queued()).toEqual([]);
});

test("onlyAfter leaves a message out until the other one was added, even if that is gone from the list", async () => {
  expect(await outbox.add(message("refresh-1", { onlyAfter: "end-1" }))).toBe(false);
  await outbox.add(message("end-1"));
  await redis.del(wecomKeys.outbox("zhangsan"));
  expect(await outbox.add(message("refresh-1", { onlyAfter: "end-1" }))).toBe(true);
  expect(await queued()).toEqual(["refresh-1"]);
});

test("several are added in order, and only those that are new", async () => {
  await outbox.add(message("p2"));
  const added = await outbox.addAll([
    message("p1"),
    message("p2"),
    message("p3"),
    message("o", { member: "lisi" }),
  ]);
  expect(added).toBe(3);
  expect(await queued()).toEqual(["p2", "p1", "p3"]);
  expect(await queued("lisi")).toEqual(["o"]);
  expect(await outbox.addAll([])).toBe(0);
});

test("what continues another is left out with it, and there is only what was added first", async () => {
  const more = (id: string) => message(id, { continues: true });
  await outbox.addAll([message("a"), more("a1")]);
  expect(await outbox.addAll([message("a"), more("a1"), more("a2"), message("b"), more("b1")])).toBe(2);
  const late = message("c", { unlessSent: "a" });
  expect(await outbox.addAll([late, more("c1"), more("c2")])).toBe(0);
  expect(await queued()).toEqual(["a", "a1", "b", "b1"]);
});

test("a member that waits goes on waiting when something is added", async () => {
  const later = Date.now() + 60_000;
  await redis.zadd(wecomKeys.due, later, "zhangsan");
  await outbox.add(message("a"));
  expect(Number(await redis.zscore(wecomKeys.due, "zhangsan"))).toBe(later);
});

test("wakes the sender, but not for nothing", async () => {
  const subscriber = openRedis(server.url, "subscriber");
  const stop = new AbortController();
  try {
    let rings = 0;
    await openHub(subscriber).listen(wecomKeys.due, (ring) => (rings += ring === null ? 0 : 1), stop.signal);
    await outbox.add(message("a"));
    await outbox.add(message("a"));
    await outbox.addAll([message("b"), message("c")]);
    while (rings < 2) await Bun.sleep(1);
    await redis.publish(wecomKeys.due, "last");
    while (rings < 3) await Bun.sleep(1);
    expect(rings).toBe(3);
  } finally {
    stop.abort();
    subscriber.disconnect();
  }
});

test("a lone surrogate does not reach Redis", async () => {
  await outbox.add(message("a", { content: "坏\ud83d字" }));
  expect(await redis.lindex(wecomKeys.outbox("zhangsan"), 0)).toContain("坏\ufffd字");
});
