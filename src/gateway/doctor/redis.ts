import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { ConfigError } from "../../config.ts";
import { nearestFolder } from "../../doctor/data-folder.ts";
import { codeOf } from "../../doctor/error-code.ts";
import { about, type Finding } from "../../doctor/finding.ts";
import { networkTrouble, within } from "../../doctor/network-trouble.ts";
import { ANSWER_TIMEOUT_MS, type Check } from "../../doctor/run-checks.ts";
import { openRedis, type RedisClient } from "../redis/connect.ts";
import { EmbeddedRedisError } from "../redis/embedded-limits.ts";
import { startEmbeddedRedis } from "../redis/embedded-server.ts";

const TITLE = "Redis";
const it = about("redis", TITLE);
/** All that we use is in Redis 5. */
const MIN_MAJOR_VERSION = 5;
/** For an empty Redis; the gateway itself allows for gigabytes of data. */
const READY_MS = 10_000;

/**
 * Starts the gateway's own Redis in a folder of its own beside the data, asks it something and stops it again: a running
 * gateway's is left alone.
 */
export function embeddedRedisCheck(options: { serverPath: string; dataDir: string }): Check {
  return { id: "redis", title: TITLE, run: async (signal) => [await tryEmbedded(options, signal)] };
}

async function tryEmbedded(
  { serverPath, dataDir }: { serverPath: string; dataDir: string },
  signal: AbortSignal,
): Promise<Finding> {
  let folder: string;
  try {
    folder = mkdtempSync(join(nearestFolder(dataDir), ".doctor-redis-"));
  } catch (error) {
    const why = `不能在数据目录里建立临时文件夹（${codeOf(error) ?? "原因不明"}）`;
    return it.failed(`没能试着启动自带的 Redis：${why}`, "先解决数据目录的问题");
  }
  try {
    const log = getLogger(["claw", "doctor"]);
    const limits = { readyMs: READY_MS };
    const own = await startEmbeddedRedis({ serverPath, dataDir: folder, log, signal, limits });
    try {
      const { version } = await askRedis(own.url, within(ANSWER_TIMEOUT_MS, signal));
      return it.ok(`自带的 Redis ${version} 可以启动`);
    } finally {
      await own.stop();
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return judgeStart(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judgeStart(error: unknown): Finding {
  if (error instanceof ConfigError) {
    const problems = error.problems.map(({ key, message }) => `${key}：${message}`).join("\n");
    return it.failed("没有可用的 redis-server", `${problems}\n或者在 redis.url 填上已有的 Redis`);
  }
  if (error instanceof EmbeddedRedisError)
    return it.failed(
      `自带的 Redis 启动不了：${error.message.trimEnd()}`,
      "按上面的说明处理，或者在 redis.url 填上已有的 Redis。（试着启动用的临时文件夹和其中的日志已经删除）",
    );
  throw error;
}

/** Looks whether an outside Redis is there, new enough, and set up to lose nothing. */
export function externalRedisCheck(options: { url: string; timeoutMs?: number }): Check {
  const { url, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  return {
    id: "redis",
    title: TITLE,
    async run(signal) {
      const limit = within(timeoutMs, signal);
      try {
        return judgeSettings(await askRedis(url, limit));
      } catch (error) {
        return [judgeFailure(error, limit)];
      }
    },
  };
}

interface RedisFacts {
  readonly version: string;
  /** Undefined: it does not say. */
  readonly evictionPolicy: string | undefined;
  readonly appendOnly: boolean | undefined;
}

function judgeSettings({ version, evictionPolicy, appendOnly }: RedisFacts): Finding[] {
  if (Number.parseInt(version, 10) < MIN_MAJOR_VERSION)
    return [
      it.failed(
        `redis.url 的 Redis 是 ${version}，太旧`,
        `请换成 Redis ${MIN_MAJOR_VERSION} 以上，或 Valkey`,
      ),
    ];
  const findings = [it.ok(`连得上 redis.url 的 Redis，版本 ${version}`)];
  if (evictionPolicy !== undefined && evictionPolicy !== "noeviction")
    findings.push(
      it.warning(
        `maxmemory-policy 是 ${evictionPolicy}：内存不够时 Redis 会丢掉排队的消息`,
        "在 redis.conf 里设 maxmemory-policy noeviction，然后重启 Redis",
      ),
    );
  if (appendOnly === false)
    findings.push(
      it.warning(
        "没有打开 AOF：Redis 重启会丢掉途中的消息",
        "先在 redis-cli 里运行 CONFIG SET appendonly yes，再在 redis.conf 里写上 appendonly yes（只改文件再重启会丢掉已有数据）",
      ),
    );
  return findings;
}

/** The first word of a Redis error is its code: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const LOGIN_CODES = new Set(["NOAUTH", "WRONGPASS", "NOPERM", "ERR"]);

function judgeFailure(error: unknown, signal: AbortSignal): Finding {
  const code =
    error instanceof Error && error.name === "ReplyError" ? error.message.split(" ")[0] : undefined;
  if (code !== undefined && LOGIN_CODES.has(code))
    return it.failed(
      `redis.url 的 Redis 不让登录（${code}）`,
      "核对 redis.url 里的用户名和密码；特殊字符要写成 %40 这样的形式",
    );
  if (code !== undefined)
    return it.failed(`redis.url 的 Redis 还不能用（${code}）`, "看 Redis 的日志，稍后再试");
  const { message, advice } = networkTrouble(error, signal);
  return it.failed(`连不上 redis.url 的 Redis：${message}`, `${advice}；核对 redis.url`);
}

/** What a Redis says of itself. @throws what went wrong first, or the signal's reason */
async function askRedis(url: string, signal: AbortSignal): Promise<RedisFacts> {
  const client = openRedis(url, "commands");
  // It would try for ever; the first error tells most.
  const failure = Promise.withResolvers<never>();
  client.on("error", (error: unknown) => failure.reject(error));
  signal.addEventListener("abort", () => failure.reject(signal.reason), { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([failure.promise, ask(client)]);
  } finally {
    client.disconnect();
  }
}

async function ask(client: RedisClient): Promise<RedisFacts> {
  await client.connect();
  await client.ping();
  const info = await client.info();
  const field = (name: string) => new RegExp(`^${name}:([^\\r\\n]*)`, "m").exec(info)?.[1];
  const aof = field("aof_enabled");
  return {
    version: field("redis_version") ?? "",
    evictionPolicy: field("maxmemory_policy"),
    appendOnly: aof === undefined ? undefined : aof === "1",
  };
}
