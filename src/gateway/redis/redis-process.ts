import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { EmbeddedRedisError } from "./embedded-limits.ts";
import { redisConf, type ServerAddress, writePrivate } from "./redis-conf.ts";

/** Redis writes a few lines an hour; one older file is kept beside the current one. */
const LOG_MAX_BYTES = 1024 * 1024;
const LOG_TAIL_LINES = 8;

export interface RedisProcess {
  readonly pid: number;
  /** Resolves when the process has ended, to how (for messages). */
  readonly gone: Promise<string>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/**
 * Starts a redis-server in `dir`, with its configuration, its data and its log there.
 *
 * @throws EmbeddedRedisError when the program cannot be run; an error of the system when the folder cannot be used
 */
export async function spawnRedis(
  program: string,
  dir: string,
  address: ServerAddress,
): Promise<RedisProcess> {
  writePrivate(join(dir, "redis.conf"), redisConf(address));
  const log = openLogFile(dir);
  try {
    const child = spawn(program, ["redis.conf"], {
      cwd: dir,
      // A file, not a pipe: nobody has to read it, and it outlives this process as Redis may.
      stdio: ["ignore", log, log],
      // Ctrl+C reaches the terminal's whole process group; Redis must stay until the gateway is done with it.
      // On Windows a detached child would get a console of its own and outlive the gateway.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const gone = new Promise<string>((resolve) => {
      child.once("exit", (code, signal) => resolve(signal ? `被信号 ${signal} 结束` : `退出码 ${code}`));
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return { pid: child.pid ?? 0, gone, kill: (signal) => void child.kill(signal) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "原因不明";
    throw new EmbeddedRedisError(
      `不能运行 ${program}（${code}）：请检查它是不是给这个系统和处理器的 redis-server，是否完整`,
    );
  } finally {
    closeSync(log);
  }
}

/** Watches a redis-server that is not our child by an idle connection to it, which ends when the process does. */
export function watchRedis(pid: number, port: number): RedisProcess {
  const socket = connect(port, "127.0.0.1");
  const gone = new Promise<string>((resolve) => {
    socket.once("close", () => resolve("连接中断"));
  });
  socket.on("error", () => {
    // "close" follows.
  });
  socket.resume();
  return { pid, gone, kill: (signal) => killIfThere(pid, signal) };
}

export function killIfThere(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

/** The last lines Redis wrote, for an error message; never its password. */
export function redisLogTail(dir: string, { password }: ServerAddress): string {
  try {
    const lines = readFileSync(logPath(dir), "utf8").trimEnd().split("\n");
    return lines.slice(-LOG_TAIL_LINES).join("\n").replaceAll(password, "***");
  } catch {
    return "";
  }
}

export function logPath(dir: string): string {
  return join(dir, "redis.log");
}

function openLogFile(dir: string): number {
  const path = logPath(dir);
  try {
    if (statSync(path).size > LOG_MAX_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // There is none yet, or Windows does not let go of it.
  }
  return openSync(path, "a", 0o600);
}
