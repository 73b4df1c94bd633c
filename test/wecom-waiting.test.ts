import { describe, expect, test } from "bun:test";
import { freePort } from "../dev/program.ts";
import { startLmStudio } from "../dev/lm-studio.ts";
import { startTestRedis } from "../dev/redis-for-tests.ts";
import { openRedis } from "../src/gateway/redis/connect.ts";
import { wecomKeys } from "../src/gateway/redis/keys.ts";
import { TEXTS } from "../src/gateway/wecom/texts.ts";
import { startSystem, type System, until } from "./system.ts";

const TIMEOUT_MS = 40_000;

async function send(system: System, member: string, text: string): Promise<void> {
  expect((await system.wecom.sendText(member, text)).delivered).toBe(true);
}
const got = (system: System, member: string) => system.wecomApi.list(member).map(({ content }) => content);

// Each waits most of its time, for a system of its own.
describe.concurrent("a member who has to wait is told", () => {
  test(
    "once, when the answer takes more than 8 s",
    async () => {
      const model = { firstTokenDelayMs: 8_700, reply: () => "慢慢来" };
      const system = await startSystem({ model });
      try {
        await send(system, "patient", "想久一点");
        await until("the answer", () => got(system, "patient").includes("慢慢来"), 20_000);
        expect(got(system, "patient")).toEqual([TEXTS.thinking, "慢慢来"]);
        const [notice, answer] = system.wecomApi.list("patient");
        expect((answer?.at ?? 0) - (notice?.at ?? 0)).toBeLessThan(2_000);
      } finally {
        await system.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "after 8 s, when the agent has died meanwhile: not that it thinks; the answer follows when it is back",
    async () => {
      const model = {
        reply: () => "久等了",
        fault: (number: number) => (number === 1 ? ({ t: "silent" } as const) : undefined),
      };
      const server = await startTestRedis();
      const redis = openRedis(server.url, "commands");
      const system = await startSystem({ model, gatewayEnv: { CLAW_REDIS_URL: server.url } });
      try {
        await send(system, "abandoned", "你还在吗");
        await until("the model is at work", () => system.model.running() === 1);
        await until("the notice is planned", async () => (await redis.zcard(wecomKeys.thinking)) === 1);
        await system.agent().kill9();
        await until("the notice", () => got(system, "abandoned").length > 0, 20_000);
        expect(got(system, "abandoned")).toEqual([TEXTS.queuedOffline]);
        await system.startAgent();
        await until("the answer", () => got(system, "abandoned").length > 1);
        expect(got(system, "abandoned")).toEqual([TEXTS.queuedOffline, "久等了"]);
      } finally {
        await system.stop();
        redis.disconnect();
        await server.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "at once, when the model server is down; the answer follows when it is back",
    async () => {
      const port = freePort();
      const system = await startSystem({ withoutAgent: true, modelUrl: `http://127.0.0.1:${port}` });
      const client = system.client(await system.signIn("watcher"));
      try {
        system.launch("src/agent/main.ts", system.env.agent);
        await until("the agent is here, without a model", async () => {
          const [agent] = await client.api.agent.list.query();
          return agent?.online === true && agent.modelReady === false;
        });
        const sentAt = performance.now();
        await send(system, "unlucky", "有人吗");
        await until("the notice", () => got(system, "unlucky").length > 0);
        expect(performance.now() - sentAt).toBeLessThan(2_000);
        await send(system, "unlucky", "/status");
        await until("the status", () => got(system, "unlucky").length > 1);
        const model = startLmStudio({ port, reply: () => "来了" });
        try {
          await until("the answer", () => got(system, "unlucky").includes("来了"));
        } finally {
          await model.stop();
        }
        const [notice, status, ...rest] = got(system, "unlucky");
        expect(notice).toBe(TEXTS.queuedModelDown);
        expect(status).toContain("在线，但模型服务暂时不可用");
        expect(rest).toEqual(["来了"]);
      } finally {
        await system.stop();
      }
    },
    TIMEOUT_MS,
  );
});
