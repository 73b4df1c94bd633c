import * as v from "valibot";
import { AgentId } from "../contract/identifiers.ts";
import {
  checkSettings,
  ConfigError,
  type ConfigSource,
  port,
  readConfig,
  required,
  resolvePath,
  type Settings,
  text,
  url,
  wholeNumber,
} from "../config.ts";

export interface WecomConfig {
  corpId: string;
  agentId: string;
  secret: string;
  token: string;
  aesKey: string;
  apiBase: string;
}
export interface MiniprogramConfig {
  appId: string;
  secret: string;
  apiBase: string;
}
export interface GatewayConfig {
  host: string;
  port: number;
  /** How the world reaches the gateway; empty when nobody said. */
  publicUrl: string;
  /** Paths of PEM files; undefined: plain HTTP, behind a proxy. */
  tls: { cert: string; key: string } | undefined;
  dataDir: string;
  redis: { url: string; serverPath: string };
  /** Undefined: the channel is off. */
  wecom: WecomConfig | undefined;
  miniprogram: MiniprogramConfig | undefined;
  /** Open tasks of one user; how long work waits for its agent; how long a running task may be without a sign of life. */
  tasks: { maxOpen: number; queueMs: number; silenceMs: number };
  sessionSecret: string;
  /** Agent id → key. The first is the one that new conversations go to. */
  agents: ReadonlyMap<string, string>;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const WEB = ["http://", "https://"] as const;
const REDIS = ["redis://", "rediss://", "redis+sentinel://", "redis+cluster://"] as const;

/** A Sentinel's or a Cluster's address names several hosts, which no URL can: it is checked with the first alone. */
const redisUrl = v.pipe(
  text(""),
  v.check(
    (value) => v.is(url("", REDIS), value.replace(/^(redis\+\w+:\/\/(?:[^/@]*@)?[^/,]*),[^/]*/, "$1")),
    `应为以 ${REDIS.join("、")} 开头的网址`,
  ),
);

/** Every key of gateway.toml. */
export const settings = {
  "server.host": { env: "CLAW_SERVER_HOST", schema: text("0.0.0.0") },
  "server.port": { env: "CLAW_SERVER_PORT", schema: port(443) },
  "server.public_url": { env: "CLAW_SERVER_PUBLIC_URL", schema: url("", WEB) },
  "server.tls_cert": { env: "CLAW_SERVER_TLS_CERT", schema: text("") },
  "server.tls_key": { env: "CLAW_SERVER_TLS_KEY", schema: text("") },
  data_dir: { env: "CLAW_DATA_DIR", schema: text("data") },
  "redis.url": { env: "CLAW_REDIS_URL", schema: redisUrl },
  "redis.server_path": { env: "CLAW_REDIS_SERVER_PATH", schema: text("") },
  "wecom.corp_id": { env: "CLAW_WECOM_CORP_ID", schema: text("") },
  "wecom.agent_id": { env: "CLAW_WECOM_AGENT_ID", schema: text("") },
  "wecom.secret": { env: "CLAW_WECOM_SECRET", schema: text("") },
  "wecom.token": { env: "CLAW_WECOM_TOKEN", schema: text("") },
  "wecom.aes_key": { env: "CLAW_WECOM_AES_KEY", schema: text("") },
  "wecom.api_base": { env: "CLAW_WECOM_API_BASE", schema: url("https://qyapi.weixin.qq.com", WEB) },
  "miniprogram.app_id": { env: "CLAW_MINIPROGRAM_APP_ID", schema: text("") },
  "miniprogram.secret": { env: "CLAW_MINIPROGRAM_SECRET", schema: text("") },
  "miniprogram.api_base": { env: "CLAW_MINIPROGRAM_API_BASE", schema: url("https://api.weixin.qq.com", WEB) },
  "tasks.max_open": {
    env: "CLAW_TASKS_MAX_OPEN",
    schema: wholeNumber({ fallback: 20, min: 1, max: 10_000, what: "每人未完成任务的上限" }),
  },
  "tasks.queue_hours": {
    env: "CLAW_TASKS_QUEUE_HOURS",
    // Jobs are kept for 7 days.
    schema: wholeNumber({ fallback: 24, min: 1, max: 144, what: "排队时间（小时）" }),
  },
  "tasks.silence_minutes": {
    env: "CLAW_TASKS_SILENCE_MINUTES",
    schema: wholeNumber({ fallback: 30, min: 1, max: 1_440, what: "没有进展的时间（分钟）" }),
  },
  "auth.session_secret": {
    env: "CLAW_AUTH_SESSION_SECRET",
    schema: required("会话密钥，请填一段足够长的随机文字"),
  },
  agents: { env: "CLAW_AGENTS", schema: required("智能体名单，格式为 编号:密钥，多个用逗号隔开") },
} satisfies Settings;

export const GATEWAY_CONFIG_FILE = "gateway.toml";

/**
 * @param file what `--config` said
 * @throws ConfigError that lists every wrong key
 */
export function readGatewayConfig(file: string | undefined): GatewayConfig {
  const source = readConfig(settings, { file, defaultFile: GATEWAY_CONFIG_FILE });
  const values = checkSettings(settings, source);
  const get = (key: keyof typeof settings) => String(values[key] ?? "");

  const wecom = channel(source, "wecom", {
    corpId: get("wecom.corp_id"),
    agentId: get("wecom.agent_id"),
    secret: get("wecom.secret"),
    token: get("wecom.token"),
    aesKey: get("wecom.aes_key"),
  });
  const miniprogram = channel(source, "miniprogram", {
    appId: get("miniprogram.app_id"),
    secret: get("miniprogram.secret"),
  });
  if (wecom && !/^\d+$/.test(wecom.agentId)) {
    source.problems.push({
      key: "wecom.agent_id",
      message: "应为数字，见企业微信管理后台的应用页面 AgentId",
    });
  }
  if (wecom && !/^[A-Za-z0-9]{43}$/.test(wecom.aesKey)) {
    source.problems.push({ key: "wecom.aes_key", message: "应为 43 位字母和数字（EncodingAESKey）" });
  }
  const tls = readTls(source, get("server.tls_cert"), get("server.tls_key"));
  const agents = readAgents(source, get("agents"));

  if (source.problems.length > 0) throw new ConfigError(source.where, source.problems);
  return {
    host: get("server.host"),
    port: Number(values["server.port"]),
    publicUrl: get("server.public_url"),
    tls,
    dataDir: resolvePath(source, get("data_dir")),
    redis: {
      url: get("redis.url"),
      serverPath: get("redis.server_path") && resolvePath(source, get("redis.server_path")),
    },
    wecom: wecom && { ...wecom, apiBase: get("wecom.api_base") },
    miniprogram: miniprogram && { ...miniprogram, apiBase: get("miniprogram.api_base") },
    tasks: {
      maxOpen: Number(values["tasks.max_open"]),
      queueMs: Number(values["tasks.queue_hours"]) * HOUR_MS,
      silenceMs: Number(values["tasks.silence_minutes"]) * MINUTE_MS,
    },
    sessionSecret: get("auth.session_secret"),
    agents,
  };
}

/** A channel whose keys are all empty is off; half-filled is an error that names each missing key. */
function channel<T extends Record<string, string>>(
  source: ConfigSource,
  section: string,
  keys: T,
): T | undefined {
  const missing = Object.keys(keys).filter((key) => keys[key] === "");
  if (missing.length === Object.keys(keys).length) return undefined;
  for (const key of missing) {
    const name = `${section}.${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    source.problems.push({ key: name, message: "缺少这一项；要停用该渠道，请把这一节全部留空" });
  }
  return missing.length === 0 ? keys : undefined;
}

function readTls(source: ConfigSource, cert: string, key: string): GatewayConfig["tls"] {
  if (cert === "" && key === "") return undefined;
  if (cert === "") source.problems.push({ key: "server.tls_cert", message: "填了私钥就必须填证书" });
  if (key === "") source.problems.push({ key: "server.tls_key", message: "填了证书就必须填私钥" });
  return { cert: resolvePath(source, cert), key: resolvePath(source, key) };
}

function readAgents(source: ConfigSource, list: string): Map<string, string> {
  const agents = new Map<string, string>();
  const entries = list.split(",").filter((part) => part.trim() !== "");
  // That there is no text at all has been found already.
  if (list !== "" && entries.length === 0)
    source.problems.push({ key: "agents", message: "名单里没有智能体，至少要有一项 编号:密钥" });
  for (const entry of entries) {
    const colon = entry.indexOf(":");
    const id = entry.slice(0, colon).trim();
    const key = entry.slice(colon + 1).trim();
    // The entry itself is not shown: it may hold the key.
    if (colon < 1 || key === "") source.problems.push({ key: "agents", message: "每一项应为 编号:密钥" });
    else if (!v.safeParse(AgentId, id).success)
      source.problems.push({
        key: "agents",
        message: `编号 ${id} 不正确，只能用字母、数字、- 和 _，最长 32 位`,
      });
    else if (agents.has(id)) source.problems.push({ key: "agents", message: `编号 ${id} 重复` });
    else agents.set(id, key);
  }
  return agents;
}
