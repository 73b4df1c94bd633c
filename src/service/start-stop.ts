import { pause } from "../backoff.ts";
import { ExplainedError } from "../explained-error.ts";
import { askReadiness } from "./readiness.ts";
import type { ServedConfig, Service } from "./service.ts";
import { readinessText } from "./service-status.ts";

const POLL_MS = 250;

/** Starts the service and waits until its program answers. Exit code 0: it does. @throws ExplainedError when it has ended again */
export async function startService(
  service: Service,
  config: ServedConfig,
  signal: AbortSignal,
): Promise<number> {
  const { name, manager, host, command } = service;
  const { phase } = await manager.state(signal);
  if (phase === "absent") throw new ExplainedError(`还没有安装服务 ${name}，请先运行：${command("install")}`);
  if (phase !== "running") await manager.start(signal);
  const deadline = performance.now() + host.startTimeoutMs;
  do {
    await mustRun(service, signal);
    const readiness = await askReadiness(config, signal);
    if (readiness.answer === "ready" || readiness.answer === "not-ready") {
      host.say(`服务 ${name} ${phase === "running" ? "已经在运行" : "已启动"}`);
      host.say(`  ${readinessText(readiness)}`);
      return 0;
    }
    await pause(POLL_MS, signal);
  } while (performance.now() < deadline && !signal.aborted);
  host.say(`服务 ${name} 已启动，但 ${host.startTimeoutMs / 1000} 秒后仍没有应答。它最后的输出：`);
  host.say(await manager.lastWords(signal));
  return 1;
}

async function mustRun({ name, manager }: Service, signal: AbortSignal): Promise<void> {
  const { phase, exitCode } = await manager.state(signal);
  if (phase === "running" || phase === "starting") return;
  const how = exitCode === undefined ? "" : `，退出码 ${exitCode}`;
  const then = phase === "restarting" ? "系统会不断重试。" : "";
  throw new ExplainedError(
    `服务 ${name} 启动后又结束了${how}。${then}它最后的输出：\n${await manager.lastWords(signal)}`,
  );
}

/** Stops the service and waits for its end. Exit code 0: it is stopped, now or before. */
export async function stopService({ name, manager, host }: Service, signal: AbortSignal): Promise<number> {
  const { phase } = await manager.state(signal);
  if (phase === "absent" || phase === "stopped" || phase === "failed") {
    host.say(phase === "absent" ? `没有安装服务 ${name}` : `服务 ${name} 没有在运行`);
    return 0;
  }
  const clean = await manager.stop(signal);
  host.say(
    clean
      ? `服务 ${name} 已停止`
      : `服务 ${name} 没有在限时内停下，已被强制结束；没有发完的消息会在下次启动后继续`,
  );
  return 0;
}
