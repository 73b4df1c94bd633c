import { askReadiness, type Readiness } from "./readiness.ts";
import type { ServedConfig, Service } from "./service.ts";
import type { Phase, ServiceState } from "./service-manager.ts";

/** As `systemctl status` has them, and 1 for what systemd cannot see: it runs, but is not ready. */
const EXIT = { ready: 0, notReady: 1, notRunning: 3 } as const;
const EXIT_WRONG_CONFIG = 2;

const PHASE_TEXT: Readonly<Record<Phase, string>> = {
  absent: "没有安装",
  running: "正在运行",
  starting: "正在启动",
  restarting: "程序意外结束，等待自动重启",
  stopping: "正在停止",
  stopped: "已停止",
  failed: "出错停止",
};

/** Says how the service is. Exit code 0: running and ready; 1: running, not ready; 3: not running, or not installed. */
export async function reportStatus(
  { name, manager, host, command }: Service,
  config: ServedConfig | undefined,
  signal: AbortSignal,
): Promise<number> {
  const state = await manager.state(signal);
  host.say(`服务 ${name}：${PHASE_TEXT[state.phase]}${details(state)}`);
  if (state.phase === "absent") {
    host.say(`  安装：${command("install")}`);
    return EXIT.notRunning;
  }
  host.say(`  开机启动：${state.atBoot ? "是" : "否"}`);
  if (state.configFile !== undefined) host.say(`  配置：${state.configFile}`);
  if (state.logJson) host.say("  日志：每行一个 JSON");
  if (state.exitCode === EXIT_WRONG_CONFIG) host.say("  配置有误，改正后再启动");
  if (state.phase !== "running") return EXIT.notRunning;
  if (!config) {
    host.say("  就绪检查：读不到配置，不知道该问哪个地址；请以管理员身份运行，或用 --config 指明配置");
    return EXIT.notReady;
  }
  const readiness = await askReadiness(config, signal);
  host.say(`  ${readinessText(readiness)}`);
  return readiness.answer === "ready" ? EXIT.ready : EXIT.notReady;
}

export function readinessText({ url, answer, reasons }: Readiness): string {
  switch (answer) {
    case "ready":
      return `就绪检查：通过（${url}）`;
    case "not-ready":
      return `就绪检查：还没有就绪${reasons.length > 0 ? `，${reasons.join("；")}` : ""}（${url}）`;
    case "foreign":
      return `就绪检查：应答的是别的程序，它占用了端口（${url}）`;
    case "silent":
      return `就绪检查：没有应答（${url}）`;
  }
}

function details({ phase, pid, since, exitCode }: ServiceState): string {
  if (phase === "running")
    return [since && `，从 ${localTime(since)} 起`, pid !== undefined && `（进程 ${pid}）`]
      .filter(Boolean)
      .join("");
  return exitCode === undefined ? "" : `（退出码 ${exitCode}）`;
}

/** `2026-03-01 08:15:00`, in the machine's own time. */
function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}
