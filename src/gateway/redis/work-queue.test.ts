import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, log, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import { workOff } from "./work-queue.ts";

let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

async function add(key: string, group: string, n: number): Promise<void> {
  await parts.redis.xadd(key, "*", "group", group, "n", String(n));
  await parts.redis.publish(key, "");
}
function work(key: string, handle: (group: string, n: number) => Promise<void>) {
  const stop = new AbortController();
  const done = workOff({
    ...parts,
    key,
    log,
    signal: stop.signal,
    gatherMs: 0,
    read: ({ group = "", n }) => ({ group, n: Number(n) }),
    group: ({ group }) => group,
    handle: async (_id, item) => {
      if (item) await handle(item.group, item.n);
    },
  });
  return {
    done,
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}
const left = (key: string) => parts.redis.xlen(key);

test("each group in order and by itself, an entry gone only when it is handled", async () => {
  const handled: string[] = [];
  const gate = Promise.withResolvers<void>();
  for (const n of [1, 2, 3]) for (const group of ["slow", "fast"]) await add("q1", group, n);
  const { stop } = work("q1", async (group, n) => {
    if (group === "slow") await gate.promise;
    handled.push(`${group} ${n}`);
  });
  await until("the fast group", async () => (await left("q1")) === 3);
  expect(handled).toEqual(["fast 1", "fast 2", "fast 3"]);
  gate.resolve();
  await until("the slow one", async () => (await left("q1")) === 0);
  expect(handled.slice(3)).toEqual(["slow 1", "slow 2", "slow 3"]);
  await stop();
});

test("what fails is tried again, and what follows it in its group waits", async () => {
  const handled: number[] = [];
  let failures = 2;
  await add("q2", "g", 1);
  await add("q2", "g", 2);
  const { stop } = work("q2", async (_group, n) => {
    if (n === 1 && failures-- > 0) throw new Error("no luck");
    handled.push(n);
  });
  await until("both", async () => (await left("q2")) === 0);
  expect(handled).toEqual([1, 2]);
  await stop();
});

test("more than it takes in hand at once is worked off in the end, live ones too", async () => {
  const handled = new Set<number>();
  let atOnce = 0;
  let most = 0;
  for (let n = 0; n < 600; n++) await parts.redis.xadd("q3", "*", "group", String(n), "n", String(n));
  const { stop } = work("q3", async (_group, n) => {
    most = Math.max(most, ++atOnce);
    await Bun.sleep(1);
    atOnce--;
    handled.add(n);
  });
  await add("q3", "live", 600);
  await until("all of them", async () => (await left("q3")) === 0);
  expect(handled.size).toBe(601);
  expect(most).toBeLessThanOrEqual(16);
  await stop();
});

test("an entry whose wake-up was lost is found all the same", async () => {
  const handled: number[] = [];
  const { stop } = work("q4", async (_group, n) => {
    handled.push(n);
  });
  await add("q4", "g", 1);
  await until("the first", async () => (await left("q4")) === 0);
  await parts.redis.xadd("q4", "*", "group", "g", "n", "2");
  await until("the second", async () => (await left("q4")) === 0);
  expect(handled).toEqual([1, 2]);
  await stop();
});

test("stopped: what is in hand is finished, the rest stays for the next", async () => {
  const gate = Promise.withResolvers<void>();
  const begun: number[] = [];
  await add("q5", "g", 1);
  await add("q5", "g", 2);
  const first = work("q5", async (_group, n) => {
    begun.push(n);
    await gate.promise;
  });
  await until("the first to begin", () => begun.length === 1);
  const stopped = first.stop();
  gate.resolve();
  await stopped;
  expect(begun).toEqual([1]);
  expect(await left("q5")).toBe(1);
  const next = work("q5", async (_group, n) => {
    begun.push(n);
  });
  await until("the rest", async () => (await left("q5")) === 0);
  expect(begun).toEqual([1, 2]);
  await next.stop();
});

test("what a Redis that lost its last moments has again is handled again", async () => {
  const handled: number[] = [];
  const { stop } = work("q6", async (_group, n) => {
    handled.push(n);
  });
  await add("q6", "g", 1);
  await until("the first", async () => (await left("q6")) === 0);
  // As if its deletion had never been, which nobody tells: the connections break, and that is all.
  await parts.redis.del("q6");
  await parts.redis.xadd("q6", "1-1", "group", "g", "n", "1");
  await parts.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
  await until("the same again", async () => (await left("q6")) === 0);
  expect(handled).toEqual([1, 1]);
  await stop();
});
