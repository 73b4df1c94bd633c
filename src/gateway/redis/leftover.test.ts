import { afterEach, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { answers, cleanUp, dataFolder, killedGateway, lives, pidOf, started } from "./embedded-for-tests.ts";

// What a gateway finds after a kill -9 of the one before it.
afterEach(cleanUp);

test("the Redis of a killed gateway is taken over, supervised and stopped", async () => {
  const data = dataFolder();
  const orphan = await killedGateway(data);
  const { redis, url, server } = await started(data);
  expect(url).toBe(orphan.url);
  expect(await pidOf(redis)).toBe(orphan.pid);
  expect(await redis.get("from")).toBe("the first gateway");

  process.kill(orphan.pid, "SIGKILL");
  expect(await redis.get("from")).toBe("the first gateway");
  expect(await pidOf(redis)).not.toBe(orphan.pid);
  await server.stop();
  expect(await answers(url)).toBe(false);
});

test("an adopted Redis is stopped like one of its own", async () => {
  const data = dataFolder();
  const orphan = await killedGateway(data);
  const { server } = await started(data);
  await server.stop();
  expect(lives(orphan.pid)).toBe(false);
});

test("a frozen Redis is ended, and its data is there", async () => {
  const data = dataFolder();
  const orphan = await killedGateway(data);
  process.kill(orphan.pid, "SIGSTOP");
  const { redis } = await started(data, { answerMs: 50, silentMs: 100 });
  expect(await redis.get("from")).toBe("the first gateway");
  expect(lives(orphan.pid)).toBe(false);
});

test("a Redis that died meanwhile is replaced", async () => {
  const data = dataFolder();
  const orphan = await killedGateway(data);
  process.kill(orphan.pid, "SIGKILL");
  const { redis } = await started(data);
  expect(await redis.get("from")).toBe("the first gateway");
});

test("a copy of the data folder leaves the original's Redis alone", async () => {
  const data = dataFolder();
  const original = await started(data);
  await original.redis.set("a", "1");
  const copy = join(dataFolder(), "copy");
  cpSync(data, copy, { recursive: true });
  const { redis, url } = await started(copy);
  expect(url).not.toBe(original.url);
  await redis.set("a", "2");
  expect(await original.redis.get("a")).toBe("1");
});
