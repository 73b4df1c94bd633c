import * as v from "valibot";
import {
  checkSettings,
  ConfigError,
  port,
  readConfig,
  required,
  resolvePath,
  type Settings,
  text,
  url,
  wholeNumber,
} from "../config.ts";
import { AgentId } from "../contract/identifiers.ts";
import type { ChatTimeouts } from "./lm-studio/chat.ts";
import { DEFAULT_TIMEOUTS } from "./lm-studio/model-server.ts";

export interface AgentConfig {
  /** `ca`: path of a PEM file to trust instead of the system's; empty for the system's. */
  gateway: { url: string; ca: string };
  id: string;
  key: string;
  /** Jobs run at once; 0: as many as the model server says it can. */
  slots: number;
  /** Tasks of one user that run at once. */
  tasksPerUser: number;
  /** `model` empty: the loaded one. */
  lmStudio: { baseUrl: string; model: string; apiKey: string; timeouts: ChatTimeouts };
  dataDir: string;
  admin: { host: string; port: number };
}

/** More requests at once than any model server of ours runs in parallel. */
const MAX_SLOTS = 256;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** A day of silence, and a week for one answer: more is a slip of the pen. */
const MAX_SILENCE_SECONDS = 24 * 60 * 60;
const MAX_ANSWER_MINUTES = 7 * 24 * 60;

/** Every key of agent.toml. */
export const settings = {
  "gateway.url": { env: "CLAW_GATEWAY_URL", schema: url("wss://pactgo.cn/link", ["ws://", "wss://"]) },
  "gateway.ca": { env: "CLAW_GATEWAY_CA", schema: text("") },
  "agent.id": {
    env: "CLAW_AGENT_ID",
    schema: v.pipe(required("智能体编号，与网关 agents 中的一致"), AgentId),
  },
  "agent.key": { env: "CLAW_AGENT_KEY", schema: required("智能体密钥，与网关 agents 中的一致") },
  "agent.slots": {
    env: "CLAW_AGENT_SLOTS",
    schema: wholeNumber({ fallback: 0, min: 0, max: MAX_SLOTS, what: "并行任务数" }),
  },
  "agent.tasks_per_user": {
    env: "CLAW_AGENT_TASKS_PER_USER",
    schema: wholeNumber({ fallback: 2, min: 1, max: MAX_SLOTS, what: "每人同时执行的任务数" }),
  },
  "lmstudio.base_url": {
    env: "CLAW_LMSTUDIO_BASE_URL",
    schema: url("http://127.0.0.1:1234", ["http://", "https://"]),
  },
  "lmstudio.model": { env: "CLAW_LMSTUDIO_MODEL", schema: text("") },
  "lmstudio.api_key": { env: "CLAW_LMSTUDIO_API_KEY", schema: text("") },
  "lmstudio.first_word_seconds": {
    env: "CLAW_LMSTUDIO_FIRST_WORD_SECONDS",
    schema: wholeNumber({
      fallback: DEFAULT_TIMEOUTS.firstWordMs / SECOND_MS,
      min: 1,
      max: MAX_SILENCE_SECONDS,
      what: "等待模型开口的秒数",
    }),
  },
  "lmstudio.silence_seconds": {
    env: "CLAW_LMSTUDIO_SILENCE_SECONDS",
    schema: wholeNumber({
      fallback: DEFAULT_TIMEOUTS.idleMs / SECOND_MS,
      min: 1,
      max: MAX_SILENCE_SECONDS,
      what: "模型中途沉默的秒数",
    }),
  },
  "lmstudio.answer_minutes": {
    env: "CLAW_LMSTUDIO_ANSWER_MINUTES",
    schema: wholeNumber({
      fallback: DEFAULT_TIMEOUTS.totalMs / MINUTE_MS,
      min: 1,
      max: MAX_ANSWER_MINUTES,
      what: "一次回答的分钟数",
    }),
  },
  data_dir: { env: "CLAW_DATA_DIR", schema: text("data") },
  "admin.host": { env: "CLAW_ADMIN_HOST", schema: text("127.0.0.1") },
  "admin.port": { env: "CLAW_ADMIN_PORT", schema: port(8790) },
} satisfies Settings;

export const AGENT_CONFIG_FILE = "agent.toml";

/**
 * @param file what `--config` said
 * @throws ConfigError that lists every wrong key
 */
export function readAgentConfig(file: string | undefined): AgentConfig {
  const source = readConfig(settings, { file, defaultFile: AGENT_CONFIG_FILE });
  const values = checkSettings(settings, source);
  if (source.problems.length > 0) throw new ConfigError(source.where, source.problems);
  const get = (key: keyof typeof settings) => String(values[key]);
  return {
    gateway: { url: get("gateway.url"), ca: get("gateway.ca") && resolvePath(source, get("gateway.ca")) },
    id: get("agent.id"),
    key: get("agent.key"),
    slots: Number(values["agent.slots"]),
    tasksPerUser: Number(values["agent.tasks_per_user"]),
    lmStudio: {
      baseUrl: get("lmstudio.base_url"),
      model: get("lmstudio.model"),
      apiKey: get("lmstudio.api_key"),
      timeouts: {
        firstWordMs: Number(values["lmstudio.first_word_seconds"]) * SECOND_MS,
        idleMs: Number(values["lmstudio.silence_seconds"]) * SECOND_MS,
        totalMs: Number(values["lmstudio.answer_minutes"]) * MINUTE_MS,
      },
    },
    dataDir: resolvePath(source, get("data_dir")),
    admin: { host: get("admin.host"), port: Number(values["admin.port"]) },
  };
}
