import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "../until.ts";
import { PROGRAMS, type ProgramName } from "./executables.ts";
import { openSite, type Site } from "./site.ts";

/** The wrapper waits before it restarts a program that has ended. */
const RESTART_TIMEOUT_MS = 30_000;
const TITLES = { gateway: "网关", agent: "智能体" } as const;

// One story: what an administrator does with the two services, in this order.
let site: Site;

beforeAll(async () => {
  site = await openSite();
}, 120_000);
afterAll(() => site.stop(), 60_000);

const service = (name: ProgramName, word: string) => site[name].run(["service", word]);
const log = (name: ProgramName) => site[name].read(`data/logs/${name}.log`);
const timesLogged = (name: ProgramName, text: string) => log(name).split(text).length - 1;

test.each(PROGRAMS)("claw-%s is installed, and not started by that", async (name) => {
  const { code, output } = await service(name, "install");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain(`已安装服务 claw-${name}`);
  const status = await service(name, "status");
  expect(status).toMatchObject({ code: 3 });
  expect(status.output).toContain("已停止");
  expect(status.output).toContain("开机启动：是");
});

test("JSON lines, once asked for, stay when the service is installed again", async () => {
  expect(await site.agent.run(["service", "install", "--log-json"])).toMatchObject({ code: 0 });
  expect(await service("agent", "install")).toMatchObject({ code: 0 });
  expect((await service("agent", "status")).output).toContain("日志：每行一个 JSON");
  expect((await service("gateway", "status")).output).not.toContain("JSON");
});

test.each(PROGRAMS)("claw-%s is started, and answers by then", async (name) => {
  const { code, output } = await service(name, "start");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain(`服务 claw-${name} 已启动`);
  expect(log(name)).toContain(`${TITLES[name]}已启动`);
});

test("the one's log is JSON lines, the other's is text", () => {
  expect(JSON.parse(log("agent").split("\n")[0] ?? "")).toMatchObject({ level: "info" });
  expect(log("gateway")).toStartWith("20");
});

test("a message is answered", async () => {
  await site.ask("zhangsan", "服务在吗");
  expect(await site.answersTo("zhangsan", "服务在吗")).toHaveLength(1);
  for (const name of PROGRAMS) expect(await service(name, "status")).toMatchObject({ code: 0 });
});

test.each(PROGRAMS)("claw-%s is restarted when it has been killed", async (name) => {
  const starts = timesLogged(name, `${TITLES[name]}已启动`);
  site.windows.kill9(site[name].exe);
  const restarted = () => timesLogged(name, `${TITLES[name]}已启动`) > starts;
  await until("it has started again", restarted, RESTART_TIMEOUT_MS);
  await site.ask(`lisi-${name}`, "又好了吗");
  expect(await site.answersTo(`lisi-${name}`, "又好了吗")).toHaveLength(1);
});

test.each(PROGRAMS.toReversed())("claw-%s is stopped cleanly", async (name) => {
  const { code, output } = await service(name, "stop");
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain(`服务 claw-${name} 已停止`);
  // Its own last words, which it does not have when it is killed.
  expect(log(name).trim().split("\n").at(-1)).toContain(`${TITLES[name]}已停止`);
  expect(await service(name, "status")).toMatchObject({ code: 3 });
});

test("after a power cut both start with Windows, and what was asked before is answered", async () => {
  for (const name of PROGRAMS) expect(await service(name, "start")).toMatchObject({ code: 0 });
  await site.ask("wangwu", "停电了吗");
  await site.windows.powerCut();
  expect(await site.answersTo("wangwu", "停电了吗")).toHaveLength(1);
  for (const name of PROGRAMS) expect(await service(name, "status")).toMatchObject({ code: 0 });
});

test("a configuration that has become wrong is told, by the service as well, which does not try again and again", async () => {
  expect(await service("gateway", "stop")).toMatchObject({ code: 0 });
  site.gateway.configure({ "server.port": "很多" });
  const { code, output } = await service("gateway", "start");
  expect({ code, output }).toMatchObject({ code: 2 });
  expect(output).toContain("应为 0 到 65535 的整数");
  // Another way to start it, as in the window "Services".
  await site.windows.run(["net", "start", "claw-gateway"]);
  const status = await service("gateway", "status");
  expect(status).toMatchObject({ code: 3 });
  expect(status.output).toContain("出错停止（退出码 2）");
  expect(status.output).toContain("配置有误");
});

test.each(PROGRAMS)("claw-%s is uninstalled; its configuration and data stay", async (name) => {
  const { code, output } = await service(name, "uninstall");
  expect({ code, output }).toMatchObject({ code: 0 });
  const status = await service(name, "status");
  expect(status).toMatchObject({ code: 3 });
  expect(status.output).toContain("没有安装");
  expect(site[name].read(`${name}.toml`)).not.toBe("");
  expect(log(name)).not.toBe("");
});
