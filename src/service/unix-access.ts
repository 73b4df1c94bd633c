import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { ExplainedError } from "../explained-error.ts";
import { mustRunTool, runTool } from "./run-tool.ts";
import type { ServicePlan } from "./service-manager.ts";

/** A large data folder on a slow disk. */
const CHOWN_TIMEOUT_MS = 60_000;
const TOOL_TIMEOUT_MS = 15_000;
/** `lp`, `a1`, `claw-gateway`: what useradd takes everywhere. */
const USER_NAME = /^[a-z_][a-z0-9_-]{0,30}$/;
/** Owner: all; nobody else anything. */
const DATA_MODE = 0o700;
/** Written by root, read by the service's group, closed to others: the service cannot change its own configuration. */
const CONFIG_MODE = 0o640;

export interface ToolOptions {
  readonly signal: AbortSignal;
  readonly path: string | undefined;
}

/** Makes the system user unless there is one. @throws ExplainedError */
export async function ensureUser(name: string, home: string, options: ToolOptions): Promise<void> {
  if (!USER_NAME.test(name)) throw new ExplainedError(`用户名 ${name} 不正确：只能用小写字母、数字、_ 和 -`);
  const tool = { ...options, timeoutMs: TOOL_TIMEOUT_MS };
  if ((await runTool(["id", "-u", name], tool)).code === 0) return;
  await mustRunTool(
    `创建系统用户 ${name}`,
    [
      "useradd",
      "--system",
      "--user-group",
      "--no-create-home",
      "--home-dir",
      home,
      "--shell",
      "/usr/sbin/nologin",
      name,
    ],
    tool,
  );
}

/**
 * Gives the data folder to the user, and the configuration and the certificates to its group to read.
 *
 * @returns files that the user cannot read all the same
 * @throws ExplainedError when the user cannot run the program or read the configuration
 */
export async function giveAccess(
  plan: ServicePlan & { user: string },
  options: ToolOptions,
): Promise<string[]> {
  const { user, executable, configFile, dataDir } = plan;
  const files = [...plan.files, ...plan.secretFiles];
  const tool = { ...options, timeoutMs: TOOL_TIMEOUT_MS };
  refuseSharedFolder(plan);
  const group = Number(await mustRunTool(`查询用户 ${user} `, ["id", "-g", user], tool));
  mkdirSync(dataDir, { recursive: true, mode: DATA_MODE });
  await mustRunTool(
    `把 ${dataDir} 交给用户 ${user} `,
    ["chown", "--recursive", "--no-dereference", `${user}:${group}`, dataDir],
    { ...options, timeoutMs: CHOWN_TIMEOUT_MS },
  );
  chmodSync(dataDir, DATA_MODE);
  letGroupRead(configFile, group, CONFIG_MODE);
  for (const file of plan.files) letGroupRead(file, group);
  for (const file of plan.secretFiles) letGroupRead(file, group, CONFIG_MODE);

  const may = async (how: "-x" | "-r", file: string) =>
    (await runTool(["runuser", "-u", user, "--", "test", how, file], tool)).code === 0;
  if (!(await may("-x", executable)))
    throw new ExplainedError(
      `服务用户 ${user} 无权运行 ${executable}。\n请把程序放到所有用户都能进入的文件夹（例如 /opt/${basename(executable)}），并 chmod 755，再安装一次`,
    );
  if (!(await may("-r", configFile)))
    throw new ExplainedError(
      `服务用户 ${user} 读不到配置 ${configFile}。\n请把它放到所有用户都能进入的文件夹（例如程序旁边），再安装一次`,
    );
  const unreadable: string[] = [];
  for (const file of files) if (!(await may("-r", file))) unreadable.push(file);
  return unreadable;
}

/** Giving away a folder that others use as well, such as /var, would break the system. */
function refuseSharedFolder({ dataDir, executable, configFile }: ServicePlan): void {
  const holds = (file: string) => file.startsWith(`${dataDir.replace(/\/+$/, "")}/`);
  if (holds(executable) || holds(configFile) || dirname(dataDir) === "/")
    throw new ExplainedError(
      `data_dir 是 ${dataDir}，它会整个交给服务用户，所以不能是根目录下的第一层文件夹，也不能装着程序或配置。\n请改成一个专用的文件夹，例如 ${dataDir.replace(/\/+$/, "")}/claw-data`,
    );
}

/**
 * Sets `mode`; else lets the group read what only its owner can. Links are left alone: Let's Encrypt's lead to files that
 * are replaced at each renewal.
 */
function letGroupRead(file: string, group: number, mode?: number): void {
  if (!existsSync(file) || !lstatSync(file).isFile()) return;
  const now = lstatSync(file);
  const isPublic = (now.mode & 0o004) !== 0;
  chownSync(file, now.uid, group);
  if (mode !== undefined || !isPublic) chmodSync(file, mode ?? CONFIG_MODE);
}
