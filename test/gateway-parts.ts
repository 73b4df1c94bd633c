import { getLogger } from "@logtape/logtape";
import { startTestRedis, type TestRedis } from "../dev/redis-for-tests.ts";
import type { Job } from "../src/contract/job.ts";
import { type JobStore, openJobStore } from "../src/gateway/jobs/job-store.ts";
import { openRedis, type RedisClient } from "../src/gateway/redis/connect.ts";
import { type Hub, openHub } from "../src/gateway/redis/hub.ts";
import { type RestartWatch, watchRestarts } from "../src/gateway/redis/restart-watch.ts";

/** What every part of a gateway is given; several of them share one Redis. */
export interface GatewayParts {
  readonly redis: RedisClient;
  readonly subscriber: RedisClient;
  readonly hub: Hub;
  readonly restarts: RestartWatch;
  readonly jobs: JobStore;
}
export interface GatewaysOnRedis extends GatewayParts {
  readonly server: TestRedis;
  /** One more gateway, with connections of its own. */
  another(): Promise<GatewayParts>;
  stop(): Promise<void>;
}

export const log = getLogger(["claw", "test"]);

/** A real Redis, and the parts of a gateway on it without its server. */
export async function startGatewayParts(
  options: Parameters<typeof startTestRedis>[0] = {},
): Promise<GatewaysOnRedis> {
  const server = await startTestRedis(options);
  const clients: RedisClient[] = [];
  const open = async (purpose: "commands" | "subscriber") => {
    const client = openRedis(server.url, purpose);
    clients.push(client);
    client.on("error", () => {
      // It connects again by itself.
    });
    return client;
  };
  const another = async (): Promise<GatewayParts> => {
    const [redis, subscriber] = await Promise.all([open("commands"), open("subscriber")]);
    const restarts = watchRestarts(redis, log);
    await Promise.all([redis.connect(), subscriber.connect()]);
    const hub = openHub(subscriber);
    return { redis, subscriber, restarts, hub, jobs: openJobStore({ redis, hub, restarts }) };
  };
  return {
    ...(await another()),
    server,
    another,
    async stop() {
      for (const client of clients) client.disconnect();
      await server.stop();
    },
  };
}

let made = 0;

/** A job of agent a1, each time another one. */
export function newJob(change: Partial<Job> = {}): Job {
  const number = ++made;
  return {
    id: `a1.job${number}`,
    kind: "turn",
    userId: "u1",
    conversationId: "a1.c1",
    text: `问题 ${number}`,
    createdAt: 1_000 + number,
    ...change,
  };
}
