import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { openRedis, type RedisClient } from "./connect.ts";
import { openHub } from "./hub.ts";

let server: TestRedis;
let redis: RedisClient;
let subscriber: RedisClient;
beforeAll(async () => {
  server = await startTestRedis();
  redis = open("commands");
  subscriber = open("subscriber");
  await subscriber.connect();
});
afterAll(async () => {
  redis.disconnect();
  subscriber.disconnect();
  await server.stop();
});

test("hears everything published after listen() has resolved", async () => {
  const hub = openHub(subscriber);
  const { heard, listener, signal } = ear();
  await hub.listen("c1", listener, signal);
  await redis.publish("c1", "one");
  await redis.publish("other", "no");
  await redis.publish("c1", "two");
  await until(() => heard.length === 2);
  expect(heard).toEqual(["one", "two"]);
});

test("serves many listeners over one subscription and ends each with its signal", async () => {
  const hub = openHub(subscriber);
  const [a, b] = [ear(), ear()];
  await Promise.all([hub.listen("c2", a.listener, a.signal), hub.listen("c2", b.listener, b.signal)]);
  expect(await redis.publish("c2", "both")).toBe(1);
  await until(() => a.heard.length === 1 && b.heard.length === 1);
  a.stop();
  await redis.publish("c2", "only b");
  await until(() => b.heard.length === 2);
  expect(a.heard).toEqual(["both"]);
  b.stop();
  await until(async () => (await redis.publish("c2", "nobody")) === 0);

  const again = ear();
  await hub.listen("c2", again.listener, again.signal);
  await redis.publish("c2", "again");
  await until(() => again.heard.length === 1);
});

test("refuses a signal that has already aborted", () => {
  const { listener } = ear();
  expect(openHub(subscriber).listen("c3", listener, AbortSignal.abort(new Error("over")))).rejects.toThrow(
    "over",
  );
});

test("tells of a gap only when nothing is missed any more", async () => {
  const hub = openHub(subscriber);
  const { heard, listener, signal } = ear();
  const published: Promise<number>[] = [];
  await hub.listen(
    "c4",
    (message) => {
      listener(message);
      // Whoever hears of a gap looks once; from this very moment each message must arrive.
      if (message === null) published.push(redis.publish("c4", "after the gap"));
    },
    signal,
  );
  await server.kill9();
  await server.restart();
  await until(() => heard.includes("after the gap"));
  expect(heard).toEqual([null, "after the gap"]);
  expect(await Promise.all(published)).toEqual([1]);
});

test("a listen that Redis does not answer fails, and a later one works", async () => {
  const impatient = openRedis(server.url, "subscriber", { commandTimeoutMs: 50 });
  impatient.on("error", () => {
    // It connects again by itself.
  });
  await impatient.connect();
  const hub = openHub(impatient);
  process.kill(server.pid, "SIGSTOP");
  const early = ear();
  await hub.listen("c5", early.listener, early.signal).then(
    () => expect.unreachable(),
    () => undefined,
  );
  process.kill(server.pid, "SIGCONT");
  const { heard, listener, signal } = ear();
  await until(() =>
    hub.listen("c5", listener, signal).then(
      () => true,
      () => false,
    ),
  );
  await redis.publish("c5", "hello");
  await until(() => heard.length > 0);
  expect(heard).toEqual(["hello"]);
  expect(early.heard).toEqual([]);
  impatient.disconnect();
});

function open(purpose: "commands" | "subscriber"): RedisClient {
  const client = openRedis(server.url, purpose);
  client.on("error", () => {
    // It connects again by itself.
  });
  return client;
}

function ear() {
  const heard: (string | null)[] = [];
  const over = new AbortController();
  return {
    heard,
    listener: (message: string | null) => heard.push(message),
    signal: over.signal,
    stop: () => over.abort(),
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 4_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error("waited 4 s in vain");
    await Bun.sleep(2);
  }
}
