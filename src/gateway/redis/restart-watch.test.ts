import { afterEach, expect, test } from "bun:test";
import { type GatewaysOnRedis, newJob, startGatewayParts } from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";

let parts: GatewaysOnRedis;
afterEach(() => parts.stop());

test("what a restarted Redis may lack is written again, in order, before anybody is told", async () => {
  parts = await startGatewayParts();
  const { redis, restarts, server } = parts;
  const restartsTold: (string | null)[] = [];
  restarts.onRestart(() => {
    redis.get("a").then(
      (value) => restartsTold.push(value),
      () => restartsTold.push("failed"),
    );
  });
  await restarts.surely(() => redis.set("a", "1"));
  await restarts.surely(() => redis.append("a", "2"));
  // Without a file, it comes back empty: it has lost more than it ever may.
  await server.kill9();
  await server.restart();
  await until("the listener to be told", () => restartsTold.length === 1);
  expect(restartsTold).toEqual(["12"]);
});

test("a connection that breaks is no restart: nothing is written twice", async () => {
  parts = await startGatewayParts();
  const { redis, restarts } = parts;
  let told = 0;
  restarts.onRestart(() => told++);
  await restarts.surely(() => redis.append("a", "1"));
  const ready = new Promise((resolve) => redis.once("ready", resolve));
  redis.disconnect(true);
  await ready;
  await restarts.settled();
  expect(await redis.get("a")).toBe("1");
  expect(told).toBe(0);
});

test("a job accepted just before Redis lost it is found again, and is queued", async () => {
  parts = await startGatewayParts();
  const { jobs, server } = parts;
  const job = newJob();
  await jobs.enqueue(job, { channel: "test", origin: "" });
  await server.kill9();
  await server.restart();
  await until("the connection", async () => (await jobs.find(job.id))?.status === "queued");
});

test("a write whose answer was lost is done when Redis is back", async () => {
  parts = await startGatewayParts();
  const { redis, restarts, server } = parts;
  await server.kill9();
  const written = restarts.surely(() => redis.set("a", "1"));
  await server.restart();
  expect(await written).toBe("OK");
  expect(await redis.get("a")).toBe("1");
});
