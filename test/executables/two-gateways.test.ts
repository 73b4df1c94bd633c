import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { freePort, type Program, untilReady } from "../../dev/program.ts";
import { startTestRedis, type TestRedis } from "../../dev/redis-for-tests.ts";
import { openCallbackSender } from "../../dev/wecom-callback.ts";
import { CORP } from "../system.ts";
import { BUILD_TIMEOUT_MS } from "./executables.ts";
import { type Installed, install } from "./installed.ts";
import { openSite, type Site } from "./site.ts";

let redis: TestRedis;
let site: Site;
let second: Installed;
let secondProgram: Program | undefined;
const port = freePort();
const url = `http://127.0.0.1:${port}`;

beforeAll(async () => {
  redis = await startTestRedis({ args: ["--requirepass", "redis-password-for-tests"] });
  site = await openSite();
  site.gateway.configure({ "redis.url": redis.url });
  // The second server has the first one's configuration, but for its own address.
  const folder = join(site.root, "服务器 C", "网关");
  second = await install("gateway", { folder, cwd: join(site.root, "traps") });
  copyFileSync(join(site.gateway.folder, "gateway.toml"), join(folder, "gateway.toml"));
  second.configure({ "server.port": port });
}, BUILD_TIMEOUT_MS);
afterAll(async () => {
  await secondProgram?.stop();
  await site.stop();
  await redis.stop();
});

test("a message that one takes is answered by the agent of the other", async () => {
  await site.startGateway();
  await site.startAgent();
  secondProgram = second.start();
  await untilReady(`${url}/readyz`, secondProgram);
  const callbacks = openCallbackSender({ ...CORP, callbackUrl: `${url}/wecom`, retryDelayMs: 20 });
  expect(await callbacks.sendText("zhangsan", "隔着两个网关")).toMatchObject({ delivered: true });
  expect(await site.answersTo("zhangsan", "隔着两个网关")).toHaveLength(1);
});

test("neither has a Redis of its own", () => {
  for (const { folder } of [site.gateway, second]) {
    expect(existsSync(join(folder, "data", "bin"))).toBe(false);
    expect(existsSync(join(folder, "data", "redis"))).toBe(false);
  }
});
