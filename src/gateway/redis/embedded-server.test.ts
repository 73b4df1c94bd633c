import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../config.ts";
import {
  answers,
  cleanUp,
  client,
  dataFolder,
  diskHas,
  lives,
  log,
  pidOf,
  processGroup,
  runGateway,
  started,
  until,
} from "./embedded-for-tests.ts";
import { EmbeddedRedisError } from "./embedded-limits.ts";
import { startEmbeddedRedis } from "./embedded-server.ts";

afterEach(cleanUp);

describe("start", () => {
  test("answers at once, and only with the password", async () => {
    const { redis, url } = await started(dataFolder());
    expect(await redis.ping()).toBe("PONG");
    const stranger = client(`redis://127.0.0.1:${new URL(url).port}`);
    expect(stranger.set("a", "1")).rejects.toThrow("NOAUTH");
  });

  test("keeps the password out of the command line and in a file of one's own", async () => {
    const data = dataFolder();
    const { url, redis } = await started(data);
    const { password } = new URL(url);
    const conf = join(data, "redis", "redis.conf");
    expect(readFileSync(conf, "utf8")).toContain(password);
    expect(statSync(conf).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, "redis", "run.json")).mode & 0o777).toBe(0o600);
    const commandLine = readFileSync(`/proc/${await pidOf(redis)}/cmdline`, "utf8");
    expect(commandLine).toContain("redis-server");
    expect(commandLine).not.toContain(password);
  });

  test("puts Redis out of reach of the terminal's Ctrl+C", async () => {
    const { redis } = await started(dataFolder());
    const pid = await pidOf(redis);
    expect(processGroup(pid)).not.toBe(processGroup(process.pid));
  });

  test("works in a folder with spaces and Chinese in its name", async () => {
    const { redis } = await started(join(dataFolder(), '数 据 "一"'));
    expect(await redis.set("a", "1")).toBe("OK");
  });

  test("says what to do when there is no redis-server", () => {
    const start = startEmbeddedRedis({ serverPath: "/no/such/redis-server", dataDir: dataFolder(), log });
    expect(start).rejects.toThrow(ConfigError);
    expect(start).rejects.toThrow("redis.server_path");
  });

  test("shows Redis's own last lines when it does not come up", () => {
    const start = startEmbeddedRedis({ serverPath: brokenRedis(), dataDir: dataFolder(), log });
    expect(start).rejects.toThrow(EmbeddedRedisError);
    expect(start).rejects.toThrow("the disk is on fire");
  });

  test("ends what it began when the signal aborts", async () => {
    const data = dataFolder();
    const stop = new AbortController();
    const start = startEmbeddedRedis({ serverPath: "", dataDir: data, log, signal: stop.signal });
    stop.abort(new Error("stopped"));
    expect(start).rejects.toThrow("stopped");
    await start.catch(() => undefined);
    const { redis } = await started(data);
    expect(await redis.ping()).toBe("PONG");
  });
});

describe("supervision", () => {
  test("restarts a Redis that died, at the same address, with its data", async () => {
    const { redis } = await started(dataFolder());
    await redis.set("a", "1");
    const before = await pidOf(redis);
    await diskHas(redis);
    process.kill(before, "SIGKILL");
    expect(await redis.get("a")).toBe("1");
    expect(await pidOf(redis)).not.toBe(before);
  });

  test("restarts one that dies again and again", async () => {
    const { redis } = await started(dataFolder());
    for (let deaths = 0; deaths < 3; deaths++) {
      process.kill(await pidOf(redis), "SIGKILL");
      expect(await redis.ping()).toBe("PONG");
    }
  });
});

describe("a second gateway on the same data folder", () => {
  test("is refused while the first lives, and told which one", async () => {
    const data = dataFolder();
    const { redis, server } = await started(data);
    const second = startEmbeddedRedis({ serverPath: "", dataDir: data, log });
    expect(second).rejects.toThrow(EmbeddedRedisError);
    expect(second).rejects.toThrow(`进程号 ${process.pid}`);
    await second.catch(() => undefined);
    expect(await redis.ping()).toBe("PONG");
    await server.stop();
    expect(await (await started(data)).redis.ping()).toBe("PONG");
  });

  test("is refused in another process too", async () => {
    const data = dataFolder();
    await started(data);
    const second = runGateway(data);
    expect(await second.exited).not.toBe(0);
    expect(await new Response(second.stderr).text()).toContain("正由另一个网关");
  });
});

describe("stop", () => {
  test("writes everything, leaves no process and no run file; the next start has the data", async () => {
    const data = dataFolder();
    const { redis, server } = await started(data);
    const pid = await pidOf(redis);
    await redis.set("a", "1");
    await Promise.all([server.stop(), server.stop()]);
    expect(lives(pid)).toBe(false);
    expect(await Bun.file(join(data, "redis", "run.json")).exists()).toBe(false);
    const again = await started(data);
    expect(await again.redis.get("a")).toBe("1");
  });

  test("works while Redis is busy with a script", async () => {
    const { redis, server, url } = await started(dataFolder());
    const pid = await pidOf(redis);
    await redis.config("SET", "lua-time-limit", "10");
    redis.eval("while true do end", 0).catch(() => {
      // It ends with Redis.
    });
    const other = client(url);
    await until(async () => (await other.ping().catch(() => "BUSY")) === "BUSY");
    await server.stop();
    expect(lives(pid)).toBe(false);
  });

  test("kills a Redis that does not react", async () => {
    const { redis, server } = await started(dataFolder(), { shutdownMs: 50, exitMs: 100 });
    const pid = await pidOf(redis);
    process.kill(pid, "SIGSTOP");
    await server.stop();
    expect(lives(pid)).toBe(false);
  });

  test("works while Redis is dead", async () => {
    const { redis, server, url } = await started(dataFolder());
    process.kill(await pidOf(redis), "SIGKILL");
    await server.stop();
    expect(await answers(url)).toBe(false);
  });
});

/** A redis-server that fails as one does whose disk is broken. */
function brokenRedis(): string {
  const path = join(dataFolder(), "redis-server");
  writeFileSync(path, "#!/bin/sh\necho the disk is on fire\nexit 1\n", { mode: 0o755 });
  return path;
}
