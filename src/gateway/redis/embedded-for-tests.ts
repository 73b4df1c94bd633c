import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { Redis } from "ioredis";
import { type EmbeddedRedis, startEmbeddedRedis } from "./embedded-server.ts";

const WAIT_MS = 5_000;
const POLL_MS = 5;
export const log = getLogger(["claw", "test"]);

const cleanups: (() => unknown)[] = [];

/** Ends and removes whatever these functions made; after each test. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
}

export async function started(
  dataDir: string,
  limits: Parameters<typeof startEmbeddedRedis>[0]["limits"] = {},
): Promise<{ server: EmbeddedRedis; url: string; redis: Redis }> {
  const server = await startEmbeddedRedis({ serverPath: "", dataDir, log, limits });
  cleanups.push(() => server.stop());
  return { server, url: server.url, redis: client(server.url) };
}

/** Starts a gateway's Redis in another process and kills that process, not the Redis. */
export async function killedGateway(data: string): Promise<{ url: string; pid: number }> {
  const gateway = runGateway(data);
  const { value } = await gateway.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  const redis = client(url);
  await redis.set("from", "the first gateway");
  await diskHas(redis);
  const pid = await pidOf(redis);
  cleanups.push(() => lives(pid) && process.kill(pid, "SIGKILL"));
  redis.disconnect();
  gateway.kill("SIGKILL");
  await gateway.exited;
  return { url, pid };
}

/** A process that starts a gateway's Redis, prints its URL and waits. */
export function runGateway(data: string) {
  const code = `
    import { startEmbeddedRedis } from ${JSON.stringify(join(import.meta.dir, "embedded-server.ts"))};
    import { getLogger } from "@logtape/logtape";
    const log = getLogger(["claw", "test"]);
    const { url } = await startEmbeddedRedis({ serverPath: "", dataDir: ${JSON.stringify(data)}, log });
    console.log(url);`;
  const gateway = Bun.spawn([process.execPath, "-e", code], {
    cwd: import.meta.dir,
    stdout: "pipe",
    stderr: "pipe",
  });
  cleanups.push(() => gateway.kill("SIGKILL"));
  return gateway;
}

export function client(url: string): Redis {
  const redis = new Redis(url, { retryStrategy: () => POLL_MS, maxRetriesPerRequest: null });
  redis.on("error", () => {
    // It tries again.
  });
  cleanups.push(() => redis.disconnect());
  return redis;
}

export function dataFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "claw-embedded-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export async function pidOf(redis: Redis): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redis.info("server"))?.[1]);
}

/** A write counts as lost with a killed Redis only until it was handed to the system, which is at once when no sync runs. */
export async function diskHas(redis: Redis): Promise<void> {
  await until(async () => (await redis.info("persistence")).includes("aof_pending_bio_fsync:0"));
}

export function processGroup(pid: number): string | undefined {
  return /\) \S (?:\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
}

/** A zombie, which its parent has not yet asked about, does not live. */
export function lives(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

export async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {
    // It also comes as the rejection of connect().
  });
  const connected = await redis.connect().then(
    () => true,
    () => false,
  );
  redis.disconnect();
  return connected;
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`waited ${WAIT_MS} ms in vain`);
    await Bun.sleep(POLL_MS);
  }
}
