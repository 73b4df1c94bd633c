import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestRedis, type TestRedis } from "../../../dev/redis-for-tests.ts";
import { freePort } from "./free-port.ts";
import { openRedis } from "./connect.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test("connects by URL with a password", async () => {
  const server = await testRedis({ args: ["--requirepass", "a:b@c"] });
  expect(server.url).toContain("a%3Ab%40c");
  const redis = open(server.url);
  expect(await redis.ping()).toBe("PONG");
});

test("waits out a restart of Redis", async () => {
  const server = await testRedis({ args: ["--appendonly", "yes"] });
  const redis = open(server.url);
  await redis.set("a", "1");
  await server.kill9();
  const answer = redis.get("a");
  await server.restart();
  expect(await answer).toBe("1");
});

test("is there as soon as Redis has loaded its file, however long that was said to take", async () => {
  let asked = 0;
  const info = (loading: 0 | 1) => `redis_version:7.0.0\r\nloading:${loading}\r\nloading_eta_seconds:60\r\n`;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, data) {
        for (const [, name = ""] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
          const text = info(asked === 0 ? 1 : 0);
          if (name.toLowerCase() === "info") asked++;
          socket.write(name.toLowerCase() === "info" ? `$${text.length}\r\n${text}\r\n` : "+OK\r\n");
        }
      },
    },
  });
  cleanups.push(() => server.stop(true));
  const redis = open(`redis://127.0.0.1:${server.port}`);
  expect(await redis.set("a", "1")).toBe("OK");
  expect(asked).toBe(2);
});

test("fails a command that Redis does not answer in time", async () => {
  const server = await testRedis();
  const redis = open(server.url, { commandTimeoutMs: 1_000 });
  await redis.ping();
  await server.kill9();
  expect(redis.ping()).rejects.toThrow();
});

test("asks the sentinels for the master", async () => {
  const server = await testRedis();
  const sentinelPort = await sentinelFor(server.port);
  const redis = open(`redis+sentinel://127.0.0.1:1,127.0.0.1:${sentinelPort}/shop`);
  await redis.set("a", "1");
  expect(await open(server.url).get("a")).toBe("1");
});

test("a Cluster: commands by slot, a time limit while it is away, and a subscriber that says when it is back", async () => {
  const server = await testRedis({ cluster: true });
  const redis = open(server.url, { commandTimeoutMs: 1_500 });
  // As in a burst: pipelined to the nodes of each key.
  const keys = ["{agent:a}:x", "{agent:b}:x", "{user:c}:x"];
  expect(await Promise.all(keys.map((key) => redis.set(key, key)))).toEqual(["OK", "OK", "OK"]);
  expect(await redis.eval("return redis.call('GET', KEYS[1])", 1, "{agent:b}:x")).toBe("{agent:b}:x");

  const subscriber = open(server.url, {}, "subscriber");
  const heard = new Promise((resolve) => subscriber.once("message", (_channel, message) => resolve(message)));
  await subscriber.subscribe("{agent:a}:channel");

  await server.kill9();
  expect(redis.get("{agent:a}:x")).rejects.toThrow();
  await redis.get("{agent:a}:x").catch(() => undefined);
  const back = new Promise((resolve) => subscriber.once("ready", resolve));
  await server.restart();
  await back;
  await subscriber.subscribe("{agent:a}:channel");
  expect(await open(server.url).publish("{agent:a}:channel", "hello")).toBe(1);
  expect(await heard).toBe("hello");
}, 20_000);

async function testRedis(options: Parameters<typeof startTestRedis>[0] = {}): Promise<TestRedis> {
  const server = await startTestRedis(options);
  cleanups.push(server.stop);
  return server;
}

/** A sentinel that watches the master `shop`; it wants to be given a file. */
async function sentinelFor(masterPort: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "claw-sentinel-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(dir, "sentinel.conf");
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 ${masterPort} 1\n`);
  const sentinel = Bun.spawn(["redis-server", file, "--sentinel"], { stdout: "ignore" });
  cleanups.push(async () => {
    sentinel.kill("SIGKILL");
    await sentinel.exited;
  });
  return port;
}

function open(
  url: string,
  limits: Parameters<typeof openRedis>[2] = {},
  purpose: Parameters<typeof openRedis>[1] = "commands",
) {
  const redis = openRedis(url, purpose, limits);
  redis.on("error", () => {
    // It connects again by itself.
  });
  cleanups.push(() => redis.disconnect());
  return redis;
}
