import { Redis } from "ioredis";
import type { ServerAddress } from "./redis-conf.ts";

/** What a redis-server says of itself. */
export interface Answer {
  /** False while it loads its data. */
  readonly ready: boolean;
  readonly pid: number;
  /** The folder it works in. */
  readonly dir: string;
}

/** Asks the redis-server at the address who it is; undefined when none takes our password within `timeoutMs`. */
export async function askServer(address: ServerAddress, timeoutMs: number): Promise<Answer | undefined> {
  try {
    return await withClient(address, timeoutMs, async (client) => {
      // Redis answers both even while it loads its data, when it would refuse a PING.
      const [info, config] = await Promise.all([client.info(), client.config("GET", "dir")]);
      const [, dir] = config as [string, string];
      return { ready: field(info, "loading") === "0", pid: Number(field(info, "process_id")), dir };
    });
  } catch {
    return undefined;
  }
}

/**
 * Asks Redis to write everything and end. False when it was not there to be asked; whether it did what it was asked
 * shows in its process, not here.
 */
export async function askToShutDown(address: ServerAddress, timeoutMs: number): Promise<boolean> {
  let asked = false;
  try {
    await withClient(address, timeoutMs, (client) => {
      asked = true;
      // NOSAVE is about the RDB file, which we do not use, and is taken even while a script runs. The AOF is flushed.
      return client.call("SHUTDOWN", "NOSAVE");
    });
  } catch {
    // The connection ends instead of an answer.
  }
  return asked;
}

/** A short-lived client of our own, which never tries again. */
async function withClient<T>(
  { port, password }: ServerAddress,
  timeoutMs: number,
  ask: (client: Redis) => Promise<T>,
): Promise<T> {
  const client = new Redis({
    host: "127.0.0.1",
    port,
    password,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    // A frozen server never says goodbye.
    disconnectTimeout: 1,
  });
  client.on("error", () => {
    // It also comes as the rejection of the command.
  });
  const timer = setTimeout(() => client.disconnect(), timeoutMs);
  try {
    await client.connect();
    return await ask(client);
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:([^\\r\\n]*)`, "m").exec(info)?.[1];
}
