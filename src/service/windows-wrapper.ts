import { ExplainedError } from "../explained-error.ts";
import { runTool } from "./run-tool.ts";

/** Longer than the wrapper itself waits for a service: see src/service/windows/main.c. */
const TIMEOUT_MS = 90_000;

/** Windows' own numbers, from winerror.h. */
export const WINDOWS = {
  accessDenied: 5,
  invalidAccount: 1057,
  notInstalled: 1060,
  programError: 1066,
  logonFailed: 1069,
  markedForDeletion: 1072,
  neverStarted: 1077,
  tookTooLong: 1053,
} as const;

/** The service manager refused. */
export class WindowsServiceError extends ExplainedError {
  override readonly name = "WindowsServiceError";
  readonly code: number;
  constructor(code: number, call: string) {
    super(`${explain(code)}（Windows 错误 ${code}，${call}）`);
    this.code = code;
  }
}

function explain(code: number): string {
  switch (code) {
    case WINDOWS.accessDenied:
      return "需要管理员权限：请右键“命令提示符”或 PowerShell，选“以管理员身份运行”，再运行一次";
    case WINDOWS.invalidAccount:
    case WINDOWS.logonFailed:
      return "Windows 不让服务账户登录，多半是组策略“作为服务登录”不含 NT SERVICE\\ALL SERVICES。请让域管理员加上它，或用 --user LocalService 重新安装";
    case WINDOWS.notInstalled:
      return "还没有安装服务，请先运行 service install";
    case WINDOWS.markedForDeletion:
      return "服务正在被删除：请关闭“服务”窗口（services.msc）和任务管理器，再试一次";
    case WINDOWS.tookTooLong:
      return "服务太久没有应答，请稍后用 service status 查看，仍不行就重启 Windows";
    default:
      return "Windows 服务管理器不接受";
  }
}

/**
 * Has the wrapper do a deed: `install NAME …`, `uninstall|start|stop|status NAME`.
 *
 * @returns what it says of the service, by name
 * @throws WindowsServiceError
 */
export async function callWrapper(
  wrapper: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { code, output } = await runTool([wrapper, ...words], { signal, timeoutMs: TIMEOUT_MS });
  const said = new Map<string, string>();
  for (const line of output.split(/\r?\n/)) {
    const equals = line.indexOf("=");
    if (equals > 0) said.set(line.slice(0, equals), line.slice(equals + 1));
  }
  if (code === 0) return said;
  throw new WindowsServiceError(Number(said.get("error") ?? 0), said.get("call") ?? `退出码 ${code}`);
}
