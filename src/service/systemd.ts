import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { ExplainedError } from "../explained-error.ts";
import { mustRunTool, runTool } from "./run-tool.ts";
import {
  ABSENT,
  type Phase,
  type ServiceManager,
  type ServicePlan,
  type ServiceState,
} from "./service-manager.ts";
import { configOfUnit, logsJson, systemdUnit } from "./systemd-unit.ts";
import { ensureUser, giveAccess } from "./unix-access.ts";

/** `systemctl stop` waits as long as the unit's TimeoutStopSec, and a little for SIGKILL. */
const CHANGE_TIMEOUT_MS = 60_000;
const ASK_TIMEOUT_MS = 15_000;
const JOURNAL_LINES = 15;
const PROPERTIES = [
  "LoadState",
  "ActiveState",
  "SubState",
  "UnitFileState",
  "MainPID",
  "ExecMainStatus",
  "Result",
  "ActiveEnterTimestampMonotonic",
];

export interface SystemdPlaces {
  /** Is there when systemd runs the machine: see sd_booted(3). */
  readonly runDir: string;
  /** Where unit files of administrators are. */
  readonly unitDir: string;
  /** Where systemctl, useradd, … are; undefined: PATH. */
  readonly path: string | undefined;
}

export const SYSTEMD_PLACES: SystemdPlaces = {
  runDir: "/run/systemd/system",
  unitDir: "/etc/systemd/system",
  path: undefined,
};

/** One service under systemd. @throws ExplainedError where systemd does not run */
export function systemdService(
  name: string,
  { runDir, unitDir, path }: SystemdPlaces = SYSTEMD_PLACES,
): ServiceManager {
  if (!existsSync(runDir))
    throw new ExplainedError(
      "这台 Linux 不是由 systemd 管理的（例如容器，或没有打开 systemd 的 WSL），没有服务可用。请用它自己的办法让程序一直运行",
    );
  const unit = `${name}.service`;
  const unitFile = join(unitDir, unit);
  const systemctl = (deed: string, words: readonly string[], signal: AbortSignal) =>
    mustRunTool(deed, ["systemctl", ...words], { signal, path, timeoutMs: CHANGE_TIMEOUT_MS });

  async function properties(signal: AbortSignal): Promise<Map<string, string>> {
    const words = ["show", unit, `--property=${PROPERTIES.join(",")}`];
    const output = await mustRunTool("查询服务", ["systemctl", ...words], {
      signal,
      path,
      timeoutMs: ASK_TIMEOUT_MS,
    });
    const lines = output.split("\n").filter((line) => line.includes("="));
    return new Map(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  }

  return {
    async install(plan, signal) {
      const own = { ...plan, user: plan.user ?? name };
      // A path that cannot be written into it is found before anything is changed.
      const content = systemdUnit(name, own);
      await ensureUser(own.user, own.dataDir, { signal, path });
      const unreadable = await giveAccess(own, { signal, path });
      writeFileSync(`${unitFile}.new`, content, { mode: 0o644 });
      renameSync(`${unitFile}.new`, unitFile);
      await systemctl("让 systemd 读取新的服务", ["daemon-reload"], signal);
      await systemctl("设置开机启动", ["enable", unit], signal);
      return [
        `服务文件：${unitFile}`,
        `运行用户：${own.user}`,
        ...unreadable.map((file) => unreadableNote(own, file)),
      ];
    },
    async uninstall(signal) {
      await systemctl("取消开机启动", ["disable", unit], signal);
      rmSync(unitFile, { force: true });
      await systemctl("让 systemd 忘记这个服务", ["daemon-reload"], signal);
    },
    async start(signal) {
      await systemctl(`启动 ${name} `, ["start", unit], signal);
    },
    async stop(signal) {
      await systemctl(`停止 ${name} `, ["stop", unit], signal);
      return (await properties(signal)).get("Result") !== "timeout";
    },
    async state(signal) {
      return stateOf(await properties(signal), existsSync(unitFile) ? readFileSync(unitFile, "utf8") : "");
    },
    async lastWords(signal) {
      const words = [
        "--unit",
        unit,
        "--lines",
        String(JOURNAL_LINES),
        "--no-pager",
        "--output",
        "cat",
      ] as const;
      const { output } = await runTool(["journalctl", ...words], { signal, path, timeoutMs: ASK_TIMEOUT_MS });
      return output.trim();
    },
  };
}

function unreadableNote({ user }: ServicePlan, file: string): string {
  return `注意：服务用户 ${user} 读不到 ${file}。请把证书复制到配置旁边的 ssl 文件夹（续期后自动复制：certbot 的 --deploy-hook），再安装一次`;
}

function stateOf(values: ReadonlyMap<string, string>, unit: string): ServiceState {
  if (values.get("LoadState") === "not-found") return ABSENT;
  const phase = phaseOf(values.get("ActiveState") ?? "", values.get("SubState") ?? "");
  const pid = Number(values.get("MainPID") ?? 0);
  const exitCode = Number(values.get("ExecMainStatus") ?? 0);
  const upSeconds = Number(values.get("ActiveEnterTimestampMonotonic") ?? 0) / 1_000_000;
  return {
    phase,
    atBoot: values.get("UnitFileState") === "enabled",
    pid: pid > 0 ? pid : undefined,
    // systemd counts from the start of the machine.
    since: phase === "running" ? new Date(Date.now() - (uptime() - upSeconds) * 1000) : undefined,
    exitCode: phase === "failed" && values.get("Result") === "exit-code" ? exitCode : undefined,
    configFile: configOfUnit(unit),
    logJson: logsJson(unit),
  };
}

/** See "ActiveState" and "SubState" in org.freedesktop.systemd1(5). */
function phaseOf(active: string, sub: string): Phase {
  if (sub.startsWith("auto-restart")) return "restarting";
  switch (active) {
    case "active":
    case "reloading":
      return "running";
    case "activating":
      return "starting";
    case "deactivating":
      return "stopping";
    case "failed":
      return "failed";
    default:
      return "stopped";
  }
}

/** @throws ExplainedError without the rights to change services */
export function requireRoot(command: string): void {
  if (process.getuid?.() !== 0) throw new ExplainedError(`需要 root 权限，请运行：\n  ${command}`);
}
