import { type Command, type Given, UsageError } from "../command-line.ts";
import { configPath } from "../config.ts";
import { ExplainedError } from "../explained-error.ts";
import { CONFIG_FLAG } from "../serve-command.ts";
import { asRoot, shellCommand } from "../shell-command.ts";
import { installService } from "./install-service.ts";
import type { ServedConfig, ServedProgram, Service } from "./service.ts";
import { type ServiceHost, thisHost } from "./service-host.ts";
import { reportStatus } from "./service-status.ts";
import { startService, stopService } from "./start-stop.ts";

const WORDS = ["install", "uninstall", "start", "stop", "restart", "status"] as const;
type Word = (typeof WORDS)[number];

/** Letters that neither systemd nor Windows gives a meaning. */
const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** `service install|…`: the program as a service of the system, which starts with the machine. */
export function serviceCommand(program: ServedProgram, host: ServiceHost = thisHost): Command {
  return {
    summary: "装成系统服务：开机启动，出错自动重启",
    words: WORDS.join("|"),
    flags: {
      ...CONFIG_FLAG,
      name: {
        type: "string",
        value: "名称",
        help: `服务的名称，默认 ${program.name}；同一台机器装第二个时用`,
      },
      user: {
        type: "string",
        value: "用户",
        help: "服务以谁的身份运行（install 时用）；默认用它专有的、权限最小的用户",
      },
      "log-json": {
        type: "boolean",
        help: "服务的日志每行一个 JSON 对象（install 时用），以后再安装也保留",
      },
    },
    async run(given, signal) {
      const word = wordOf(given);
      const configFile = configPath(given.text("config"), program.configFile);
      const service = openService(given, program, host, configFile);
      if (word !== "status") host.requireRights(service.command(word));
      return await obey(word, { service, configFile }, given, signal);
    },
  };
}

function wordOf({ words }: Given): Word {
  const word = WORDS.find((known) => known === words[0]);
  if (word === undefined || words.length !== 1)
    throw new UsageError(`service 后面要写其中一个：${WORDS.join("、")}`);
  return word;
}

function openService(given: Given, program: ServedProgram, host: ServiceHost, configFile: string): Service {
  const name = given.text("name") ?? program.name;
  if (!SERVICE_NAME.test(name)) throw new UsageError("--name 不正确：只能用字母、数字、- 和 _，最长 63 位");
  const manager = host.open(name, tryRead(program, configFile)?.dataDir);
  const flags = ["name", "config", "user"].flatMap((flag) => {
    const value = given.text(flag);
    return value === undefined ? [] : [`--${flag}`, value];
  });
  const executable = host.executable ?? program.name;
  const command = (word: string) => asRoot(shellCommand(executable, ["service", word, ...flags]));
  return { name, program, manager, host, command };
}

async function obey(
  word: Word,
  { service, configFile }: { service: Service; configFile: string },
  given: Given,
  signal: AbortSignal,
): Promise<number> {
  // The service has its own, which counts unless another was asked for.
  const installed = async () =>
    given.text("config") === undefined
      ? ((await service.manager.state(signal)).configFile ?? configFile)
      : configFile;
  switch (word) {
    case "install": {
      const [user, logJson] = [given.text("user"), given.has("log-json")];
      return await installService(service, { configFile, user, logJson }, signal);
    }
    case "uninstall":
      return await uninstallService(service, signal);
    case "start":
      return await startService(service, service.program.read(await installed()), signal);
    case "stop":
      return await stopService(service, signal);
    case "restart": {
      // A wrong configuration must not take down the service that still runs with the right one.
      const config = service.program.read(await installed());
      await stopService(service, signal);
      return await startService(service, config, signal);
    }
    case "status":
      return await reportStatus(service, tryRead(service.program, await installed()), signal);
  }
}

/** Removes the service; what it worked with stays. */
async function uninstallService(service: Service, signal: AbortSignal): Promise<number> {
  const { name, manager, host } = service;
  const { phase, configFile } = await manager.state(signal);
  if (phase === "absent") {
    host.say(`没有安装服务 ${name}`);
    return 0;
  }
  await stopService(service, signal);
  await manager.uninstall(signal);
  host.say(
    `已卸载服务 ${name}。配置和数据都保留着${configFile === undefined ? "" : `（${configFile}）`}，不要了可以自己删除`,
  );
  return 0;
}

/** For what works without a configuration, only less well. */
function tryRead(program: ServedProgram, file: string): ServedConfig | undefined {
  try {
    return program.read(file);
  } catch (error) {
    if (error instanceof ExplainedError) return undefined;
    throw error;
  }
}
