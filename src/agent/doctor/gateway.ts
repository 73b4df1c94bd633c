import * as v from "valibot";
import { about, type Finding } from "../../doctor/finding.ts";
import { within } from "../../doctor/network-trouble.ts";
import { ANSWER_TIMEOUT_MS, type Check } from "../../doctor/run-checks.ts";
import { greet, type GreetingOutcome } from "./greet.ts";
import { ask, healthUrl, type HttpAnswer, knock, upgradeStatus } from "./knock.ts";

const reach = about("gateway", "网关");
const link = about("gateway.link", "网关的连接");
const REDIRECTS = new Set([301, 302, 307, 308]);
const Healthy = v.object({ ok: v.literal(true) });

export interface GatewayCheckOptions {
  url: string;
  ca: string | undefined;
  agentId: string;
  key: string;
  /** Is this machine's own agent running, and connected to the gateway? */
  isConnectedHere: (signal: AbortSignal) => Promise<boolean>;
  /** For each step. */
  timeoutMs?: number;
}

/** Goes the agent's way to the gateway step by step, so that the first one that fails can be named. */
export function gatewayCheck(options: GatewayCheckOptions): Check {
  const { url, ca, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  return {
    id: "gateway",
    title: "网关",
    async run(signal) {
      const unreachable = await knock(url, within(timeoutMs, signal));
      if (unreachable)
        return [
          reach.failed(`连不上 ${url}：${unreachable.message}`, `${unreachable.advice}；核对 gateway.url`),
        ];
      // In parallel: a proxy may show the one and hide the other.
      const [health, greeting] = await Promise.all([
        ask(healthUrl(url), ca, within(timeoutMs, signal)),
        greet(url, options, within(timeoutMs, signal)),
      ]);
      if ("advice" in health)
        return [reach.failed(`连不上 ${url}：${health.message}`, adviceFor(health, ca))];
      if (greeting.t !== "no-socket")
        return [judgeHealth(url, health), await judgeGreeting(greeting, options, signal)];
      const status = await upgradeStatus(url, ca, within(timeoutMs, signal));
      return [judgeHealth(url, health), judgeNoSocket(url, health, status)];
    },
  };
}

function adviceFor({ advice }: { advice: string }, ca: string | undefined): string {
  return ca === undefined
    ? `${advice}。网关用自签证书时，把它的证书复制到这台机器，填在 gateway.ca`
    : `${advice}。核对 gateway.ca 是不是网关现在的证书（或签发它的 CA）`;
}

function isHealthy({ status, json }: HttpAnswer): boolean {
  return status === 200 && v.is(Healthy, json);
}

function judgeHealth(url: string, health: HttpAnswer): Finding {
  const { host } = new URL(url);
  return isHealthy(health)
    ? reach.ok(`${host} 有应答，是网关`)
    : reach.ok(`${host} 有应答（HTTP ${health.status}）`);
}

async function judgeGreeting(
  greeting: Exclude<GreetingOutcome, { t: "no-socket" }>,
  { agentId, isConnectedHere }: GatewayCheckOptions,
  signal: AbortSignal,
): Promise<Finding> {
  if (greeting.t === "accepted") return link.ok(`网关接受编号 ${agentId} 和它的密钥`);
  if (greeting.t === "silent")
    return link.failed("WebSocket 连上了，但网关没有应答", "看网关的日志，在网关上运行 claw-gateway doctor");
  switch (greeting.reason ?? "") {
    case "key-refused":
      return link.failed(
        `网关不认编号 ${agentId} 或它的密钥`,
        "核对这里的 agent.id、agent.key 与网关配置里的 agents（编号:密钥）；改了网关的配置要重启网关",
      );
    case "agent-id-in-use":
      return (await isConnectedHere(signal))
        ? link.ok(`密钥正确，本机的智能体正以编号 ${agentId} 在线`)
        : link.warning(
            `密钥正确，但编号 ${agentId} 已经在线，而且不是由本机管理端口上的智能体使用`,
            "如果本机的智能体刚刚停止，10 秒后再试；否则是另一台机器用了同一编号，请给每台机器不同的 agent.id",
          );
    default:
      return link.failed(
        `网关没有接受连接：${greeting.message.slice(0, 200)}`,
        "看网关的日志，在网关上运行 claw-gateway doctor",
      );
  }
}

/** It answers HTTP, but does not become a WebSocket. */
function judgeNoSocket(url: string, health: HttpAnswer, status: number | undefined): Finding {
  const { pathname } = new URL(url);
  if (health.status >= 502 && health.status <= 504)
    return link.failed(
      `前面的反向代理有应答，但它后面的网关没有（HTTP ${health.status}）`,
      "启动网关，并核对反向代理里网关的地址和端口",
    );
  if (REDIRECTS.has(health.status) && url.startsWith("ws:"))
    return link.failed(
      `这个地址只把人转到 HTTPS（HTTP ${health.status}）`,
      "把 gateway.url 开头的 ws:// 改成 wss://",
    );
  if (!isHealthy(health))
    return link.failed(
      `这个地址上不是网关（HTTP ${health.status}）`,
      "核对 gateway.url 的主机、端口和路径；有反向代理时，看它有没有转到网关",
    );
  if (!pathname.endsWith("/link"))
    return link.failed(
      `gateway.url 的路径 ${pathname} 不对`,
      "gateway.url 应以 /link 结尾，例如 wss://pactgo.cn/link",
    );
  return link.failed(
    `网关在运行，但 WebSocket 没有接通（HTTP ${status ?? "没有应答"}）`,
    "多半是反向代理没有转发 WebSocket：nginx 要有 proxy_http_version 1.1，以及 Upgrade 和 Connection 两个请求头；云负载均衡、防火墙也要允许 WebSocket",
  );
}
