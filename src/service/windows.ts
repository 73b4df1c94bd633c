import { readFileSync } from "node:fs";
import { join } from "node:path";
import { embedded } from "../embedded.ts";
import { ExplainedError } from "../explained-error.ts";
import { unpack } from "../unpack.ts";
import {
  ABSENT,
  LOG_JSON_FLAG,
  logFlags,
  type Phase,
  type ServiceManager,
  type ServiceState,
} from "./service-manager.ts";
import { giveAccess, serviceAccount } from "./windows-access.ts";
import { callWrapper, WINDOWS, WindowsServiceError } from "./windows-wrapper.ts";

const LAST_LINES = 15;
/** The others depend on how it ended. */
const PHASES: Readonly<Record<string, Phase>> = {
  running: "running",
  starting: "starting",
  stopping: "stopping",
};

/**
 * One service of Windows, through the wrapper that is inside our executable.
 *
 * @param wrapperDir where the wrapper is taken out to
 */
export function windowsService(name: string, wrapperDir: string): ServiceManager {
  const call = (words: readonly string[], signal: AbortSignal) =>
    callWrapper(takeOutWrapper(wrapperDir), words, signal);
  const state = async (signal: AbortSignal): Promise<ReadonlyMap<string, string> | undefined> => {
    try {
      return await call(["status", name], signal);
    } catch (error) {
      if (error instanceof WindowsServiceError && error.code === WINDOWS.notInstalled) return undefined;
      throw error;
    }
  };

  return {
    async install(plan, signal) {
      const account = serviceAccount(name, plan.user);
      const log = join(plan.dataDir, "logs", `${name}-service.log`);
      const command = [plan.executable, "--config", plan.configFile, ...logFlags(plan)];
      await call(["install", name, plan.title, plan.description, account.name, log, ...command], signal);
      await giveAccess(plan, account, signal);
      return [`运行账户：${account.name}`, `服务日志：${log}`];
    },
    async uninstall(signal) {
      await call(["uninstall", name], signal);
    },
    async start(signal) {
      await call(["start", name], signal);
    },
    async stop(signal) {
      const said = await call(["stop", name], signal);
      return Number(said.get("windowsError")) !== WINDOWS.tookTooLong;
    },
    async state(signal) {
      const said = await state(signal);
      return said ? stateOf(said) : ABSENT;
    },
    async lastWords(signal) {
      const log = wordAfter((await state(signal))?.get("command"), "run");
      return log === undefined ? "" : lastLines(log);
    },
  };
}

/** @throws ExplainedError when there is none inside, or it cannot be written to `dir` */
function takeOutWrapper(dir: string): string {
  if (!embedded.serviceWrapper)
    throw new ExplainedError("这个可执行文件里没有服务程序（claw-service.exe），请换用完整构建的版本");
  return unpack([embedded.serviceWrapper], dir);
}

function stateOf(said: ReadonlyMap<string, string>): ServiceState {
  const error = Number(said.get("windowsError") ?? 0);
  const well = error === 0 || error === WINDOWS.neverStarted;
  const since = said.get("since");
  const pid = said.get("pid");
  return {
    phase: PHASES[said.get("state") ?? ""] ?? (well ? "stopped" : "failed"),
    atBoot: said.get("auto") === "1",
    pid: pid === undefined ? undefined : Number(pid),
    since: since === undefined ? undefined : new Date(Number(since)),
    exitCode: error === WINDOWS.programError ? Number(said.get("exitCode")) : undefined,
    configFile: wordAfter(said.get("command"), "--config"),
    logJson: said.get("command")?.includes(` "${LOG_JSON_FLAG}"`) ?? false,
  };
}

/** In a command line whose words are all quoted; a path cannot hold a quotation mark. */
function wordAfter(command: string | undefined, word: string): string | undefined {
  return new RegExp(` "${word}" "([^"]*)"`).exec(command ?? "")?.[1];
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split(/\r?\n/).slice(-LAST_LINES).join("\n");
  } catch {
    return "";
  }
}
