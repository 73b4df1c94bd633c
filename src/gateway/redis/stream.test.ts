import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import { type Entry, followStream, lastId, readStream, STREAM_START } from "./stream.ts";

const asIs = { begin: (id: string): Entry => [id, {}], map: (entry: Entry) => entry };

let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

async function add(key: string, n: number): Promise<void> {
  await parts.redis.xadd(key, "*", "n", String(n));
  await parts.redis.publish(key, "");
}
function follow(key: string, after = STREAM_START) {
  const stop = new AbortController();
  const seen: number[] = [];
  const done = (async () => {
    for await (const [, fields] of followStream({ ...parts, ...asIs, key, after, signal: stop.signal }))
      seen.push(Number(fields["n"]));
  })();
  return {
    seen,
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}

test("reads pages after an id, that one not included, oldest first", async () => {
  for (let n = 0; n < 5; n++) await parts.redis.xadd("s1", `7-${n}`, "n", String(n));
  expect(await readStream(parts.redis, "s1", "7-1", 2)).toEqual([
    ["7-2", { n: "2" }],
    ["7-3", { n: "3" }],
  ]);
  expect(await lastId(parts.redis, "s1")).toBe("7-4");
  expect(await lastId(parts.redis, "nothing")).toBe(STREAM_START);
});

test("follows through several pages into what comes live, and ends with its signal", async () => {
  for (let n = 0; n < 250; n++) await parts.redis.xadd("s2", "*", "n", String(n));
  const { seen, stop } = follow("s2");
  await until("the pages", () => seen.length === 250);
  await add("s2", 250);
  await until("the live one", () => seen.length === 251);
  expect(seen).toEqual(Array.from({ length: 251 }, (_, n) => n));
  await stop();
});

test("what is added just while a follower begins is not missed", async () => {
  for (let round = 0; round < 20; round++) {
    const { seen, stop } = follow(`s3:${round}`);
    await add(`s3:${round}`, round);
    await until("the entry", () => seen.length === 1);
    await stop();
  }
});

test("goes on after Redis was away, with what was added meanwhile by others", async () => {
  const kept = await startGatewayParts({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
  const stop = new AbortController();
  const seen: string[] = [];
  const done = (async () => {
    for await (const [id] of followStream({ ...kept, ...asIs, key: "s", after: "0-0", signal: stop.signal }))
      seen.push(id);
  })();
  await kept.redis.xadd("s", "1-0", "n", "1");
  await kept.redis.publish("s", "");
  await until("the first", () => seen.length === 1);
  await kept.server.kill9();
  await kept.server.restart();
  // No wake-up: the gap in the subscription says that there may be something.
  await kept.redis.xadd("s", "2-0", "n", "2");
  await until("the second", () => seen.length === 2);
  stop.abort();
  await done;
  await kept.stop();
});

test("stopped at any moment, even before it begins, it just ends", async () => {
  for (const delayMs of [undefined, 0, 1, 2]) {
    const stop = new AbortController();
    if (delayMs === undefined) stop.abort();
    else setTimeout(() => stop.abort(), delayMs);
    const follow = followStream({ ...parts, ...asIs, key: "s5", after: "0-0", signal: stop.signal });
    expect(await follow.next()).toEqual({ done: true, value: undefined });
  }
});
