import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { openRedis, type RedisClient } from "./connect.ts";
import { script } from "./script.ts";

const join = script("redis.call('INCR', KEYS[1]) return {KEYS[1], ARGV[1], ARGV[2]}");
const fail = script("return redis.error_reply('REFUSED for a reason')");

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

test("runs, also on a Redis that has not seen it yet, once", async () => {
  expect(await join(redis, ["{t}:k"], ["a", 2])).toEqual(["{t}:k", "a", "2"]);
  expect(await join(redis, ["{t}:k"], ["b", 3])).toEqual(["{t}:k", "b", "3"]);
  await redis.script("FLUSH");
  expect(await join(redis, ["{t}:k"], ["c", 4])).toEqual(["{t}:k", "c", "4"]);
  expect(await redis.get("{t}:k")).toBe("3");
});

test("many at once on a fresh Redis", async () => {
  await redis.script("FLUSH");
  await Promise.all(Array.from({ length: 50 }, () => join(redis, ["{t}:n"], ["a", "b"])));
  expect(await redis.get("{t}:n")).toBe("50");
});

test("its own error comes through", () => {
  expect(fail(redis, ["{t}:k"], [])).rejects.toThrow("REFUSED for a reason");
});
