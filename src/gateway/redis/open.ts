import { ExplainedError } from "../../explained-error.ts";
import type { Logger } from "../../log.ts";
import { openRedis, type RedisClient } from "./connect.ts";
import { startEmbeddedRedis } from "./embedded-server.ts";
import { type Hub, openHub } from "./hub.ts";
import { type RestartWatch, watchRestarts } from "./restart-watch.ts";

/** The gateway's Redis: an outside one by URL, or its own redis-server. */
export interface GatewayRedis {
  redis: RedisClient;
  hub: Hub;
  restarts: RestartWatch;
  /**
   * Who this gateway is towards the others on the same Redis. Its own Redis it shares with nobody: there it is always
   * the same, and after a crash it has its leases back at once.
   */
  gatewayId: string;
  /** Disconnects, and stops the redis-server if it is our own. */
  close(): Promise<void>;
}

export async function openGatewayRedis(options: {
  url: string;
  serverPath: string;
  dataDir: string;
  log: Logger;
}): Promise<GatewayRedis> {
  const { log, dataDir, serverPath } = options;
  const own = options.url === "" ? await startEmbeddedRedis({ serverPath, dataDir, log }) : undefined;
  const url = own ? own.url : options.url;
  const redis = openRedis(url, "commands");
  const subscriber = openRedis(url, "subscriber");
  const close = async () => {
    redis.disconnect();
    subscriber.disconnect();
    await own?.stop();
  };
  logOutages(redis, log);
  // Without a listener ioredis would print the error, address and all.
  subscriber.on("error", () => {});
  const restarts = watchRestarts(redis, log);
  try {
    await Promise.all([redis.connect(), subscriber.connect()]);
  } catch {
    await close();
    throw new ExplainedError("连不上 Redis：请检查 redis.url 的地址、端口和密码，以及 Redis 是否在运行");
  }
  return { redis, hub: openHub(subscriber), restarts, gatewayId: own ? "sole" : Bun.randomUUIDv7(), close };
}

/** ioredis reconnects by itself and tells of every failed try; an administrator wants to hear of an outage once. */
function logOutages(redis: RedisClient, log: Logger): void {
  let away = false;
  redis.on("error", () => {
    if (!away) log.warn("与 Redis 的连接中断，正在重连");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info("与 Redis 的连接已恢复");
    away = false;
  });
}
