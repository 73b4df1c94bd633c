import { join } from "node:path";
import { ConfigError } from "../../config.ts";
import { embedded, type EmbeddedFile } from "../../embedded.ts";
import { homeDir, isCompiled } from "../../executable.ts";
import { unpack } from "../../unpack.ts";

/** Where a redis-server may come from, besides the configuration. */
export interface RedisSources {
  /** Inside the executable, the program first; empty: none. */
  readonly inside: readonly EmbeddedFile[];
  /** Where an administrator may have put one; undefined from source, where there is no executable to lie beside. */
  readonly besideProgram: string | undefined;
  /**
   * Whether the system's may be used. Only from source: a server's own Redis is of any version, may be replaced under
   * a running gateway, and is not what was tested.
   */
  readonly system: boolean;
}

const NAME = process.platform === "win32" ? "redis-server.exe" : "redis-server";
const OURS: RedisSources = {
  inside: embedded.redisServer,
  besideProgram: isCompiled ? join(homeDir(), NAME) : undefined,
  system: !isCompiled,
};

/**
 * The redis-server to run, absolute: the configured one, else the one inside the executable (taken out to the data
 * folder), else the one beside it, else, from source, the system's.
 *
 * @param serverPath the configured one, absolute; "" for none
 * @throws ConfigError that says what to do without one; UnpackError
 */
export function findRedisProgram(serverPath: string, dataDir: string, sources: RedisSources = OURS): string {
  if (serverPath !== "") return runnable(serverPath) ?? refuse(`没有这个程序，或者它不能执行：${serverPath}`);
  if (sources.inside.length > 0) {
    const program = unpack(sources.inside, dataDir);
    return (
      runnable(program) ?? refuse(`数据目录所在的磁盘不允许运行程序：${program}，请另设 data_dir 或挂载选项`)
    );
  }
  return (
    (sources.besideProgram === undefined ? undefined : runnable(sources.besideProgram)) ??
    (sources.system ? runnable("redis-server") : undefined) ??
    refuse(howToGetOne(sources))
  );
}

function runnable(program: string): string | undefined {
  return Bun.which(program) ?? undefined;
}

function howToGetOne({ besideProgram, system }: RedisSources): string {
  if (system) {
    return "系统里找不到 redis-server，请先安装（Debian：apt-get install redis-server），或在这里写明它的位置";
  }
  return [
    "这个网关程序里没有自带 Redis，请任选一种办法：",
    `    1. 把 ${NAME} 放到网关程序旁边：${besideProgram}`,
    `    2. 在配置文件里用 redis.server_path 写明 ${NAME} 的完整路径`,
    "    3. 在配置文件里用 redis.url 连接一个已有的 Redis（5.0 以上），例如 redis://:密码@127.0.0.1:6379",
  ].join("\n");
}

function refuse(message: string): never {
  throw new ConfigError("网关自带的 Redis", [{ key: "redis.server_path", message }]);
}
