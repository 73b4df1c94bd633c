import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Program } from "../../dev/program.ts";
import { until } from "../until.ts";
import { openSite, type Site } from "./site.ts";

/** The answer takes about a second: long enough to be in its midst. */
const MODEL = { tokensPerSecond: 100 };

let site: Site;
let gateway: Program;
let agent: Program;

beforeAll(async () => {
  site = await openSite({ model: MODEL });
  gateway = await site.startGateway();
  agent = await site.startAgent();
}, 120_000);
afterAll(() => site.stop(), 60_000);

test("what init has printed and written is enough for the pair to talk", () => {
  expect(site.gatewayInit.code).toBe(0);
  expect(site.agentInit.code).toBe(0);
  expect(gateway.output()).toContain("网关已启动");
  expect(agent.output()).toContain("已连接到网关");
});

test("init overwrites nothing", async () => {
  const before = site.gateway.read("gateway.toml");
  const { code, output } = await site.gateway.run(["init"]);
  expect({ code, output }).toMatchObject({ code: 1 });
  expect(output).toContain(`${site.windows.pathOf(site.gateway.folder)}\\gateway.toml 已经存在`);
  expect(site.gateway.read("gateway.toml")).toBe(before);
});

test("a WeCom message is answered", async () => {
  await site.ask("zhangsan", "你好，Windows");
  expect(await site.answersTo("zhangsan", "你好，Windows")).toHaveLength(1);
});

test("a message asked before the gateway is killed is answered after", async () => {
  // Nobody can take the job before the gateway is gone.
  await agent.kill9();
  await site.ask("lisi", "网关停电了吗");
  await gateway.kill9();
  gateway = await site.startGateway();
  agent = await site.startAgent();
  expect(await site.answersTo("lisi", "网关停电了吗")).toHaveLength(1);
});

test("an agent that is killed in mid-answer answers after its restart", async () => {
  await site.ask("wangwu", "智能体停电了吗");
  await until("the model is answering", () => site.model.running() > 0);
  await agent.kill9();
  agent = await site.startAgent();
  expect(await site.answersTo("wangwu", "智能体停电了吗")).toHaveLength(1);
});

test("the link comes back by itself after the gateway was away", async () => {
  await gateway.kill9();
  gateway = await site.startGateway();
  await site.ask("zhaoliu", "还连着吗");
  expect(await site.answersTo("zhaoliu", "还连着吗")).toHaveLength(1);
});

test("Ctrl+C ends both cleanly", async () => {
  expect(await agent.stop()).toBe(0);
  expect(agent.output()).toContain("智能体已停止");
  expect(await gateway.stop()).toBe(0);
  expect(gateway.output()).toContain("网关已停止");
});
