import { closeSync, fsyncSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { UsageError } from "./command-line.ts";
import type { Setting } from "./config.ts";
import { homeDir, isCompiled, ownCommand } from "./executable.ts";
import { ExplainedError } from "./explained-error.ts";
import { asOurselves, asRoot } from "./shell-command.ts";

/** It holds secrets: only whoever made it may read it. Windows does not know modes; there the folder's rights count. */
const MODE = 0o600;

/** Where `init` writes: what `--config` said, from the working directory; else beside the executable. */
export function newConfigPath(file: string | undefined, defaultFile: string): string {
  return file === undefined ? join(homeDir(), defaultFile) : resolve(file);
}

/**
 * Writes a configuration that was not there before, all of it or nothing.
 *
 * @throws ExplainedError when the file exists (it is left as it is), or cannot be written
 */
export function writeNewConfig(file: string, content: string): void {
  const fd = create(file);
  try {
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // Half a configuration would keep the next init from writing a whole one.
    unlinkSync(file);
    throw new ExplainedError(`写不进 ${file}：${codeOf(error)}。请检查磁盘空间`);
  }
}

function create(file: string): number {
  try {
    return openSync(file, "wx", MODE);
  } catch (error) {
    throw new ExplainedError(whyNotCreated(file, codeOf(error)));
  }
}

function whyNotCreated(file: string, code: string): string {
  switch (code) {
    case "EEXIST":
      return `${file} 已经存在，没有改动它。\n要修改配置，直接编辑这个文件；要从头生成，先把它移走或改名，再运行一次 init。`;
    case "ENOENT":
      return `不能新建 ${file}：没有这个文件夹，请先建好它`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `没有权限新建 ${file}。请用管理员身份（Linux 上用 sudo）运行，或用 --config 换一个位置`;
    default:
      return `不能新建 ${file}：${code}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** What a flag's text becomes as the key of the configuration that it fills in. @throws UsageError */
export function checkFlag<T>(flag: string, setting: Setting<T>, text: string): T {
  const result = v.safeParse(setting.schema, text.trim());
  if (!result.success) throw new UsageError(`${flag} 不对：${result.issues[0].message}`);
  return result.output;
}

/**
 * What comes after `init`: the commands, as they have to be typed here.
 *
 * @param config what `--config` said: the others have to be told as well
 */
export function howToStart(config: string | undefined): string {
  const own = (...words: string[]) =>
    ownCommand(config === undefined ? words : [...words, "--config", resolve(config)]);
  const doctor = asOurselves(own("doctor"));
  // A service needs an executable.
  if (!isCompiled) return `检查，然后启动：\n\n   ${doctor}\n   ${asOurselves(own())}`;
  const where = process.platform === "win32" ? "（在以管理员身份打开的 PowerShell 里）" : "";
  return `检查，然后装成服务并启动${where}：

   ${doctor}
   ${asRoot(own("service", "install"))}
   ${asRoot(own("service", "start"))}`;
}

/** A TOML string; JSON's escapes are TOML's too. */
export function tomlString(text: string): string {
  return JSON.stringify(text);
}
