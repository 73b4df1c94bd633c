import { existsSync, statSync } from "node:fs";
import { ConfigError, configPath } from "../config.ts";
import { about, type Finding } from "./finding.ts";
import type { Check } from "./run-checks.ts";

/** How a program reads its configuration. */
export interface ConfigOf<Config> {
  readonly defaultFile: string;
  /** @throws ConfigError */
  read(file: string | undefined): Config;
}

const ID = "config";
const it = about(ID, "配置");
/** Others may read it. */
const WORLD_READABLE = 0o004;

/** Reads the configuration; without a valid one there is only the check, which tells every problem. */
export function checkConfig<Config>(
  { defaultFile, read }: ConfigOf<Config>,
  { file, program }: { file: string | undefined; program: string },
): { config: Config | undefined; check: Check } {
  const path = configPath(file, defaultFile);
  const told = (findings: readonly Finding[]): Check => ({
    id: ID,
    title: "配置",
    run: () => Promise.resolve(findings),
  });
  try {
    return { config: read(file), check: told([judgeFile(path)]) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const missing = it.warning(
      `没有找到 ${path}`,
      `先运行 ${program} init 生成配置文件，或用 --config 指明它在哪里`,
    );
    const advice = existsSync(path) ? `改正 ${path}（或环境变量）` : "写进配置文件，或设置环境变量";
    const problems = error.problems.map(({ key, message }) => it.failed(`${key}：${message}`, advice));
    // What `--config` says and is not there, is among the problems.
    if (file === undefined && !existsSync(path)) problems.unshift(missing);
    const rest = about("skipped", "其余检查").warning("没有做：要先有正确的配置", "改正配置后再运行 doctor");
    return { config: undefined, check: told([...problems, rest]) };
  }
}

function judgeFile(path: string): Finding {
  if (!existsSync(path)) return it.ok(`没有配置文件 ${path}，只用了环境变量`);
  // Windows has no such bits.
  if (process.platform !== "win32" && (statSync(path).mode & WORLD_READABLE) !== 0)
    return it.warning(
      `${path} 没有错误，但这台机器上的任何用户都能读到里面的密钥`,
      `运行 chmod 640 ${path}，并让它属于运行本程序的用户或组`,
    );
  return it.ok(`${path} 没有错误`);
}
