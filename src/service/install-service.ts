import { existsSync } from "node:fs";
import { ConfigError } from "../config.ts";
import { ExplainedError } from "../explained-error.ts";
import type { ServedConfig, Service } from "./service.ts";

/** Below it, Linux lets only the privileged listen. */
const FIRST_FREE_PORT = 1024;

/**
 * Installs the service, or brings the installed one up to date. Does not start it.
 *
 * @param options.logJson from now on, also when it is installed again without being asked for
 * @throws ExplainedError
 */
export async function installService(
  service: Service,
  { configFile, user, logJson: wanted }: { configFile: string; user: string | undefined; logJson: boolean },
  signal: AbortSignal,
): Promise<number> {
  const { name, program, manager, host, command } = service;
  if (host.executable === undefined)
    throw new ExplainedError(
      "现在是从源码运行，没有可以装成服务的可执行文件。请先构建（npm run build），再用构建出的文件安装",
    );
  const config = readForService(service, configFile);
  const before = await manager.state(signal);
  const logJson = wanted || before.logJson === true;
  const notes = await manager.install(
    {
      title: program.title,
      description: program.description,
      executable: host.executable,
      configFile,
      dataDir: config.dataDir,
      files: config.files,
      secretFiles: config.secretFiles,
      lowPort: config.port > 0 && config.port < FIRST_FREE_PORT,
      user,
      logJson,
    },
    signal,
  );
  host.say(`已安装服务 ${name}，开机自动启动`);
  const about = [`程序：${host.executable}`, `配置：${configFile}`, `数据：${config.dataDir}`, ...notes];
  if (logJson) about.push("日志：每行一个 JSON；要改回文字，先 service uninstall 再安装");
  for (const line of about) host.say(`  ${line}`);
  const next = before.phase === "running" ? "restart" : "start";
  host.say(`${next === "restart" ? "它正在运行，让新设置生效" : "现在启动"}：${command(next)}`);
  return 0;
}

/** A service starts with the file alone, so it must be whole without the variables of this terminal. */
function readForService({ program, command }: Service, configFile: string): ServedConfig {
  if (!existsSync(configFile))
    throw new ConfigError(configFile, [
      {
        key: "--config",
        message: `没有这个文件。先运行 ${command("install").split(" service ")[0]} init 生成它`,
      },
    ]);
  const variables = Object.keys(process.env).filter((variable) => variable.startsWith("CLAW_"));
  if (variables.length > 0)
    throw new ExplainedError(
      `服务看不到这个终端里的环境变量（${variables.join("、")}）。请把它们写进 ${configFile}，取消这些变量后再安装`,
    );
  return program.read(configFile);
}
