import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServicePlan } from "./service-manager.ts";
import { configOfUnit, logsJson, systemdUnit } from "./systemd-unit.ts";

const DEPLOY = join(import.meta.dir, "../../deploy");

type OwnPlan = ServicePlan & { user: string };

function plan(dir: string, changes: Partial<OwnPlan> = {}): OwnPlan {
  return {
    title: "智控未来 网关",
    description: "",
    executable: `${dir}/claw-gateway`,
    configFile: `${dir}/gateway.toml`,
    dataDir: `${dir}/data`,
    files: [],
    secretFiles: [],
    lowPort: true,
    user: "claw-gateway",
    logJson: false,
    ...changes,
  };
}

test("the units in deploy/ are those that `service install` writes for the usual places", () => {
  const unit = (name: string) => readFileSync(join(DEPLOY, `${name}.service`), "utf8");
  expect(unit("claw-gateway")).toBe(systemdUnit("claw-gateway", plan("/opt/claw-gateway")));
  const agent = plan("/opt/claw-agent", {
    title: "智控未来 智能体",
    executable: "/opt/claw-agent/claw-agent",
    configFile: "/opt/claw-agent/agent.toml",
    lowPort: false,
    user: "claw-agent",
  });
  expect(unit("claw-agent")).toBe(systemdUnit("claw-agent", agent));
});

test.skipIf(Bun.which("systemd-analyze") === null)("systemd understands it, whatever the path", async () => {
  const dir = mkdtempSync(join(tmpdir(), "claw-unit-"));
  try {
    const home = join(dir, "网关 100% $HOME");
    mkdirSync(join(home, "data"), { recursive: true });
    writeFileSync(join(home, "claw-gateway"), "#!/bin/sh\n");
    chmodSync(join(home, "claw-gateway"), 0o755);
    const file = join(dir, "claw-unit-test.service");
    writeFileSync(file, systemdUnit("claw-unit-test", { ...plan(home), user: "root" }));
    expect(await verify(file)).toEqual({ code: 0, said: "" });
    // It can find faults: the program of another folder is not there.
    writeFileSync(file, systemdUnit("claw-unit-test", { ...plan(`${home}x`), user: "root" }));
    expect((await verify(file)).code).not.toBe(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

async function verify(file: string): Promise<{ code: number; said: string }> {
  const child = Bun.spawn(["systemd-analyze", "verify", "--man=no", file], {
    stderr: "pipe",
    stdout: "ignore",
  });
  const said = await new Response(child.stderr).text();
  // What it says of the machine's other units is none of our business.
  const ours = said.split("\n").filter((line) => line.includes("claw-unit-test"));
  return { code: await child.exited, said: ours.join("\n") };
}

test("only a gateway on a low port may bind it", () => {
  expect(systemdUnit("claw-gateway", plan("/opt/claw"))).toContain(
    "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n",
  );
  const high = systemdUnit("claw-gateway", plan("/opt/claw", { lowPort: false }));
  expect(high).toContain("\nAmbientCapabilities=\nCapabilityBoundingSet=\n");
});

test("homes and /tmp are hidden from a service that has nothing there", () => {
  const hidden = systemdUnit("claw-gateway", plan("/opt/claw"));
  expect(hidden).toContain("\nProtectHome=yes\nPrivateTmp=yes\n");
  expect(systemdUnit("claw-gateway", plan("/home/me"))).toContain("\nProtectHome=read-only\n");
  expect(systemdUnit("claw-gateway", plan("/tmp/try"))).toContain("\nPrivateTmp=no\n");
});

test("a unit tells the configuration it was made with", () => {
  const unit = systemdUnit("claw-gateway", plan("/opt/网关 一"));
  expect(configOfUnit(unit)).toBe("/opt/网关 一/gateway.toml");
  expect(configOfUnit("[Service]\nExecStart=/bin/true\n")).toBeUndefined();
});

test("a unit tells whether it logs JSON, whatever the paths are", () => {
  const json = systemdUnit("claw-gateway", plan("/opt/claw", { logJson: true }));
  expect(json).toMatch(/^ExecStart=.* --log-files --log-json$/m);
  expect(logsJson(json)).toBe(true);
  expect(logsJson(systemdUnit("claw-gateway", plan("/opt/ --log-json")))).toBe(false);
});

test("a path that no unit can hold is refused", () => {
  expect(() => systemdUnit("claw-gateway", plan('/opt/a"b'))).toThrow("路径里不能有引号");
  expect(() => systemdUnit("claw-gateway", plan("/opt/a\nb"))).toThrow("路径里不能有引号");
});
