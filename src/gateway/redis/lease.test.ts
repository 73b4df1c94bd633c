import { getLogger } from "@logtape/logtape";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { pause } from "../../backoff.ts";
import { openRedis, type RedisClient } from "./connect.ts";
import { whileLeased } from "./lease.ts";

const TTL_MS = 150;
const log = getLogger(["claw", "test"]);

let server: TestRedis;
let redis: RedisClient;
beforeAll(async () => {
  server = await startTestRedis();
  redis = openRedis(server.url, "commands");
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

test("one gateway works at a time, the next as soon as the first is done", async () => {
  const [a, b] = [gateway("a", "k1"), gateway("b", "k1")];
  const first = await Promise.race([a.began(1), b.began(1)]);
  const second = first === a ? b : a;
  // Past its lifetime: by then it has been renewed, or the other would have it.
  await Bun.sleep(2 * TTL_MS);
  expect(second.beginnings).toBe(0);
  await first.stop();
  await second.began(1);
  await second.stop();
  expect(await redis.exists("k1")).toBe(0);
});

test("a lease whose holder died is taken over", async () => {
  await redis.set("k2", "a dead gateway", "PX", TTL_MS);
  const b = gateway("b", "k2");
  await b.began(1);
  expect(await redis.get("k2")).toBe("b");
  await b.stop();
});

test("work is told when the lease is lost to another, and what the other holds stays", async () => {
  const a = gateway("a", "k3");
  await a.began(1);
  await redis.set("k3", "another");
  await until(() => a.working === 0, "the work to end");
  expect(await redis.get("k3")).toBe("another");
  await a.stop();
  expect(await redis.get("k3")).toBe("another");
});

test("work is told when the lease runs out because Redis hangs, not only when Redis answers", async () => {
  const a = gateway("a", "k4");
  await a.began(1);
  process.kill(server.pid, "SIGSTOP");
  try {
    await until(() => a.working === 0, "the work to end");
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
  await a.began(2);
  await a.stop();
});

test("work that throws is done again", async () => {
  const stop = new AbortController();
  let tries = 0;
  await whileLeased({ redis, key: "k5", owner: "a", log, signal: stop.signal, ttlMs: TTL_MS }, async () => {
    tries++;
    if (tries === 1) throw new Error("no luck");
    stop.abort();
  });
  expect(tries).toBe(2);
});

function gateway(owner: string, key: string) {
  const stop = new AbortController();
  const state = { beginnings: 0, working: 0 };
  const done = whileLeased({ redis, key, owner, log, signal: stop.signal, ttlMs: TTL_MS }, async (signal) => {
    state.beginnings++;
    state.working++;
    while (!signal.aborted) await pause(60_000, signal);
    state.working--;
  });
  const self = {
    get beginnings() {
      return state.beginnings;
    },
    get working() {
      return state.working;
    },
    async began(times: number) {
      await until(() => state.beginnings >= times, `${owner} to work`);
      return self;
    },
    async stop() {
      stop.abort();
      await done;
    },
  };
  return self;
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + 4_000;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`waited 4 s for ${what}`);
    await Bun.sleep(2);
  }
}
