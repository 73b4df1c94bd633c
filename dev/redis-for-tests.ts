import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort, isFree } from "../src/gateway/redis/free-port.ts";

const READY_TIMEOUT_MS = 10_000;
const POLL_MS = 5;
const SLOTS = Array.from({ length: 16_384 }, (_, slot) => slot);
/** Where Redis keeps a Cluster node's second port. */
const CLUSTER_BUS_OFFSET = 10_000;

export interface TestRedis {
  /** `redis://127.0.0.1:port`, or `redis+cluster://127.0.0.1:port`; with the password, if `args` sets one. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Resolves when the process has ended. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and folder; data is back only with `--appendonly yes`. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** A plain redis-server for tests; with `cluster`, a Cluster of one node that has all slots (takes 2 s). */
export async function startTestRedis(
  options: { cluster?: boolean; args?: readonly string[] } = {},
): Promise<TestRedis> {
  const { cluster = false, args = [] } = options;
  const dir = mkdtempSync(join(tmpdir(), "claw-redis-"));
  const port = await freeRedisPort(cluster);
  const password = args[args.indexOf("--requirepass") + 1] ?? "";
  const auth = args.includes("--requirepass") ? `:${encodeURIComponent(password)}@` : "";
  let child = launch();
  const end = () => {
    child.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  };
  process.once("exit", end);

  try {
    await untilReady();
    if (cluster) await ask((client) => client.call("CLUSTER", "ADDSLOTS", ...SLOTS));
    if (cluster) await untilClusterReady();
  } catch (error) {
    end();
    throw error;
  }
  return {
    url: `${cluster ? "redis+cluster" : "redis"}://${auth}127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    kill9,
    async restart() {
      await kill9();
      child = launch();
      await untilReady();
      if (cluster) await untilClusterReady();
    },
    async stop() {
      await kill9();
      process.off("exit", end);
      end();
    },
  };

  function launch(): ChildProcess {
    const command = [
      "redis-server",
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--dir",
      dir,
      "--save",
      "",
    ];
    if (cluster) command.push("--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1");
    command.push(...args);
    // The kernel ends Redis with the test, should that be killed before it can clean up.
    if (Bun.which("setpriv")) command.unshift("setpriv", "--pdeathsig", "KILL");
    const [program = "", ...rest] = command;
    return spawn(program, rest, { stdio: ["ignore", "ignore", "inherit"] });
  }

  async function kill9(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
  }

  async function untilReady(): Promise<void> {
    await until("Redis to answer", async () => (await ask((client) => client.ping())) === "PONG");
  }

  async function untilClusterReady(): Promise<void> {
    await until("the Cluster to be up", async () => {
      return (await ask((client) => client.cluster("INFO"))).includes("cluster_state:ok");
    });
  }

  async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const giveUpAt = performance.now() + READY_TIMEOUT_MS;
    while (!(await condition().catch(() => false))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with code ${child.exitCode}`);
      if (performance.now() > giveUpAt) throw new Error(`waited ${READY_TIMEOUT_MS} ms for ${what}`);
      await Bun.sleep(POLL_MS);
    }
  }

  async function ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(`redis://${auth}127.0.0.1:${port}`, {
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    client.on("error", () => {
      // It also comes as the rejection of the command.
    });
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.disconnect();
    }
  }
}

async function freeRedisPort(cluster: boolean): Promise<number> {
  while (true) {
    const port = await freePort();
    if (!cluster || (await isFree(port + CLUSTER_BUS_OFFSET))) return port;
  }
}
