import { openRedis } from "../src/gateway/redis/connect.ts";
import { openHub } from "../src/gateway/redis/hub.ts";
import { openWecomApi } from "../src/gateway/wecom/api.ts";
import { runSender } from "../src/gateway/wecom/sender.ts";
import { openLog } from "../src/log.ts";

type App = Omit<Parameters<typeof openWecomApi>[0], "redis">;

// A process that only sends what is in the outbox, for tests that kill it: <redis url> <app as JSON>.
const [, , redisUrl = "", app = "{}"] = process.argv;
const redis = openRedis(redisUrl, "commands");
const hub = openHub(openRedis(redisUrl, "subscriber"));
const api = openWecomApi({ ...(JSON.parse(app) as App), redis });
await runSender({
  redis,
  hub,
  api,
  log: await openLog("sender", { file: undefined, json: false }),
  signal: new AbortController().signal,
});
