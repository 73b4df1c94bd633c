import { codeOf } from "./error-code.ts";
import { about, type Finding } from "./finding.ts";
import { within } from "./network-trouble.ts";
import type { Check } from "./run-checks.ts";

/** For an answer of a program on this machine. Longer than the gateway gives its Redis to answer a probe. */
const LOCAL_ANSWER_MS = 4_000;

export interface PortOptions {
  /** What to call the port, e.g. `端口`. */
  title: string;
  host: string;
  port: number;
  /** The configuration's key for it. */
  key: string;
  tls: boolean;
  /** Is what this address's `/readyz` answers the program itself, running? */
  isOurs: (readiness: unknown) => boolean;
}

/** Can the program listen there, or does it already? */
export function portCheck(options: PortOptions): Check {
  const { title, host, port, key } = options;
  const it = about("port", title);
  const where = `${host}:${port}`;
  return {
    id: "port",
    title,
    async run(signal) {
      if (port === 0) return [it.ok("启动时随便用一个空闲端口")];
      switch (tryToListen(host, port)) {
        case "free":
          return [it.ok(`${where} 可用`)];
        case "EADDRINUSE":
          return [await judgeTaken(options, signal)];
        case "EACCES":
          return [it.failed(`没有权限监听 ${where}`, permissionAdvice(port))];
        case "EADDRNOTAVAIL":
          return [
            it.failed(
              `本机没有 ${host} 这个地址`,
              `把 ${hostKey(key)} 改成本机的地址，或 0.0.0.0（所有地址）`,
            ),
          ];
        default:
          return [it.failed(`不能监听 ${where}`, `检查 ${hostKey(key)} 和 ${key}`)];
      }
    },
  };
}

/** What `/readyz` on this machine answers; undefined when nobody does, or not with JSON. */
export async function localReadiness(
  { host, port, tls }: Pick<PortOptions, "host" | "port" | "tls">,
  signal: AbortSignal,
): Promise<unknown> {
  const wildcard = host === "0.0.0.0" || host === "::" || host === "";
  const name = wildcard ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  try {
    const response = await fetch(`${tls ? "https" : "http"}://${name}:${port}/readyz`, {
      redirect: "manual",
      signal: within(LOCAL_ANSWER_MS, signal),
      // Its certificate is for its public name.
      tls: { rejectUnauthorized: false },
    });
    return await response.json();
  } catch {
    return undefined;
  }
}

async function judgeTaken(options: PortOptions, signal: AbortSignal): Promise<Finding> {
  const { title, host, port, key, isOurs } = options;
  const it = about("port", title);
  if (isOurs(await localReadiness(options, signal))) return it.ok(`${host}:${port}：本程序正在运行`);
  const find =
    process.platform === "win32" ? `netstat -ano | findstr :${port}` : `ss -ltnp 'sport = :${port}'`;
  return it.failed(
    `${host}:${port} 被别的程序占用`,
    `停止占用它的程序（用 ${find} 查看是哪一个），或用 ${key} 换一个端口`,
  );
}

/** `free`, or the system's code for why not. */
function tryToListen(hostname: string, port: number): string {
  try {
    // Just as the program itself will.
    Bun.serve({ hostname, port, fetch: () => new Response(null, { status: 503 }) })
      .stop(true)
      .catch(() => {
        // It has never answered anybody.
      });
    return "free";
  } catch (error) {
    return codeOf(error) ?? "";
  }
}

function permissionAdvice(port: number): string {
  return process.platform === "win32"
    ? `以管理员身份运行，或看看这个端口是否被系统保留：netsh interface ipv4 show excludedportrange protocol=tcp（${port} 在不在其中）`
    : `1024 以下的端口需要权限：用 service install 安装成系统服务（自带这个权限），或运行 sudo setcap cap_net_bind_service=+ep ${process.execPath}`;
}

function hostKey(portKey: string): string {
  return portKey.replace(/port$/, "host");
}
