import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { BUILD_TIMEOUT_MS, PROGRAMS } from "../executables/executables.ts";
import { until } from "../until.ts";
import { agentInitWords } from "../wecom-members.ts";
import { bootMachine, type Machine } from "./machine.ts";
import { openServers, type Servers } from "./servers.ts";

/** CAP_NET_BIND_SERVICE in a mask of capabilities. */
const BIND_LOW_PORTS = 1 << 10;
const TITLES = { gateway: "网关", agent: "智能体" } as const;

const machine = await bootMachine();
if ("reason" in machine) console.log(`test/systemd/services.test.ts is skipped: ${machine.reason}`);

// One story: what an administrator does with the two programs on one machine, in this order.
describe.skipIf("reason" in machine)("with a real systemd", () => {
  const { run, powerCut, remove } = machine as Machine;
  let servers: Servers;
  /** What the gateway's deployment has printed, with the command for the agent. */
  let printed: string;

  beforeAll(async () => {
    servers = await openServers(machine as Machine);
  }, BUILD_TIMEOUT_MS);
  afterAll(async () => {
    await remove();
    await servers?.stop();
  });

  /** By its number on the machine; empty when none runs. */
  const redisPid = async () => (await run("pgrep", "--exact", "redis-server")).output.trim();

  async function isAnswered(text: string, howManyth: number): Promise<void> {
    await servers.ask("zhangsan", text);
    expect(await servers.answersTo("zhangsan", text)).toEqual([`第 ${howManyth} 问：${text}`]);
  }

  test("the gateway is deployed: a service that starts with the machine, on a low port", async () => {
    const { port, url } = servers;
    const deployed = await servers.deploy("now", "gateway", "--port", String(port), "--public-url", url);
    printed = deployed.output;
    expect(printed).toContain("✓ claw-gateway 已就绪");
    expect(deployed.code).toBe(0);
    expect(await servers.property("gateway", "UnitFileState")).toBe("enabled");
    expect((await servers.service("gateway", "status")).output).toContain("就绪检查：通过");
  });

  test("the agent is deployed with the words that the gateway has printed", async () => {
    await run("install", "-D", "/shared/now/claw-agent-linux-x64", servers.exe("agent"));
    expect(await run(servers.exe("agent"), ...agentInitWords(printed))).toMatchObject({ code: 0 });
    await servers.configure("agent", servers.settings.agent);
    const { code, output } = await servers.deploy("now", "agent");
    expect(output).toContain("✓ claw-agent 已就绪");
    expect(code).toBe(0);
  });

  test("with WeCom filled in and the gateway restarted, a message is answered", async () => {
    await servers.configure("gateway", servers.settings.gateway);
    expect(await servers.service("gateway", "restart")).toMatchObject({ code: 0 });
    await isAnswered("服务在吗", 1);
  });

  test.each([...PROGRAMS])("claw-%s may do what it needs, and nothing else", async (name) => {
    const pid = await servers.property(name, "MainPID");
    expect((await run("ps", "-o", "user=", "-p", pid)).output.trim()).toBe(`claw-${name}`);
    expect(await servers.property(name, "LimitNOFILE")).toBe("65536");
    const status = await servers.read(`/proc/${pid}/status`);
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    const capabilities = Number.parseInt(/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "", 16);
    expect(capabilities).toBe(name === "gateway" ? BIND_LOW_PORTS : 0);

    // Root, as the service sees the machine: of files only its data can be changed, and homes are empty.
    const inside = (...command: string[]) => run("nsenter", "--target", pid, "--mount", ...command);
    const folder = `/opt/claw-${name}`;
    for (const file of [`${folder}/x`, "/etc/x", "/usr/bin/x"])
      expect((await inside("touch", file)).output).toContain("Read-only file system");
    expect(await inside("touch", `${folder}/data/x`)).toMatchObject({ code: 0 });
    await run("touch", "/root/x");
    expect((await inside("cat", "/root/x")).code).not.toBe(0);
    expect((await run("cat", "/root/x")).code).toBe(0);
  });

  test.each([
    ["gateway", "agent"],
    ["agent", "gateway"],
  ])("claw-%s cannot read what is claw-%s's", async (name, other) => {
    const as = (...command: string[]) => run("runuser", "-u", `claw-${name}`, "--", ...command);
    for (const command of [
      ["cat", `/opt/claw-${other}/${other}.toml`],
      ["ls", `/opt/claw-${other}/data`],
    ])
      expect((await as(...command)).output).toContain("Permission denied");
    expect(await as("cat", `/opt/claw-${name}/${name}.toml`)).toMatchObject({ code: 0 });
  });

  test("a gateway that is killed is started again, and takes over the Redis that it has left", async () => {
    const [pid, redis] = [await servers.property("gateway", "MainPID"), await redisPid()];
    expect(redis).toMatch(/^\d+$/);
    await run("kill", "-KILL", pid);
    await until("it is ready again", async () => (await servers.service("gateway", "status")).code === 0);
    expect(await servers.property("gateway", "MainPID")).not.toBe(pid);
    expect(await servers.property("gateway", "NRestarts")).toBe("1");
    expect(await redisPid()).toBe(redis);
    // A journal lags behind those who write it.
    await until("it says so", async () => (await servers.log("gateway")).includes("接管了先前留下的 Redis"));
    await isAnswered("又好了吗", 2);
  });

  /** What the deploy script has left: the version before runs, the later one lies beside it. */
  async function isRolledBack(name: (typeof PROGRAMS)[number]): Promise<void> {
    const same = (file: string, release: string) =>
      run("cmp", file, `/shared/${release}/claw-${name}-linux-x64`);
    expect(await same(servers.exe(name), "now")).toMatchObject({ code: 0 });
    expect(await same(`${servers.exe(name)}.failed`, "later")).toMatchObject({ code: 0 });
    expect(await servers.service(name, "status")).toMatchObject({ code: 0 });
  }

  test("a gateway that serves and never gets ready gives way to the one before", async () => {
    const { code, output } = await servers.deploy("later", "gateway");
    expect(output).toContain("新版本在 5 秒内没有就绪");
    expect(output).toContain("已换回上一个版本，它已就绪");
    expect(code).toBe(1);
    await isRolledBack("gateway");
    await isAnswered("网关还是原来的吗", 3);
  });

  test("an agent that changes its database and then ends gives way, and so does the database", async () => {
    const { code, output } = await servers.deploy("later", "agent");
    expect(output).toContain("this version does not work");
    expect(output).toContain("恢复升级前的");
    expect(output).toContain("已换回上一个版本，它已就绪");
    expect(code).toBe(1);
    await isRolledBack("agent");
    expect((await run("ls", "/opt/claw-agent/data")).output).not.toContain("previous");
    await isAnswered("智能体还记得吗", 4);
  });

  test("after a power cut both start by themselves", async () => {
    await servers.ask("zhangsan", "停电了吗");
    await powerCut();
    expect(await servers.answersTo("zhangsan", "停电了吗")).toEqual(["第 5 问：停电了吗"]);
    for (const name of PROGRAMS) expect(await servers.service(name, "status")).toMatchObject({ code: 0 });
  });

  test("a configuration that has become wrong is told, and is not tried again and again", async () => {
    await servers.configure("gateway", { "server.port": "很多" });
    // Our own command would not even stop what runs.
    await run("systemctl", "restart", "claw-gateway");
    const state = () => servers.property("gateway", "ActiveState");
    await until("it has given up", async () => (await state()) === "failed");
    const { code, output } = await servers.service("gateway", "status");
    expect(code).toBe(3);
    expect(output).toContain("出错停止（退出码 2）");
    expect(await servers.property("gateway", "NRestarts")).toBe("0");
    await servers.configure("gateway", { "server.port": servers.port });
    expect(await servers.service("gateway", "start")).toMatchObject({ code: 0 });
  });

  test("stopped, both end cleanly, and Redis with the gateway; uninstalled, their data stays", async () => {
    for (const name of PROGRAMS.toReversed()) {
      expect(await servers.service(name, "stop")).toMatchObject({ code: 0 });
      const lastLine = async () => (await servers.log(name)).trim().split("\n").at(-1) ?? "";
      await until("its last word", async () => (await lastLine()).includes(`${TITLES[name]}已停止`));
    }
    expect(await redisPid()).toBe("");
    for (const name of PROGRAMS) {
      expect(await servers.service(name, "uninstall")).toMatchObject({ code: 0 });
      expect(await servers.property(name, "LoadState")).toBe("not-found");
      expect(await servers.log(name)).not.toBe("");
    }
  });
});
