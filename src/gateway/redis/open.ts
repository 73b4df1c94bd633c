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
  for (const connection of [redis, subscriber]) {
    // ioredis reconnects by itself; without a listener it would print the error, address and all.
    connection.on("error", () => log.warn("与 Redis 的连接中断，正在重连"));
  }
  const restarts = watchRestarts(redis, log);
  await Promise.all([redis.connect(), subscriber.connect()]);
  return {
    redis,
    hub: openHub(subscriber),
    restarts,
    gatewayId: own ? "sole" : Bun.randomUUIDv7(),
    async close() {
      redis.disconnect();
      subscriber.disconnect();
      await own?.stop();
    },
  };
}
