import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTRPCClient, createWSClient, httpLink, splitLink, type TRPCClient, wsLink } from "@trpc/client";
import { type LmStudio, type LmStudioOptions, startLmStudio } from "../dev/lm-studio.ts";
import { freePort, type Program, startProgram, untilReady } from "../dev/program.ts";
import { startWechatLogin, type WechatLogin } from "../dev/wechat-login.ts";
import { type WecomApiStandIn, startWecomApi } from "../dev/wecom-api.ts";
import { type CallbackSender, openCallbackSender } from "../dev/wecom-callback.ts";
import type { UserRouter } from "../src/contract/user-api.ts";

export { until } from "./until.ts";

export const CORP = {
  corpId: "wwtest000000000001",
  agentId: "1000002",
  secret: "wecom-secret-for-tests",
  token: "callback-token",
  aesKey: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
} as const;
export const APP = { appId: "wxtest", secret: "miniprogram-secret-for-tests" } as const;
export const AGENT = { id: "a1", key: "agent-key-for-tests" } as const;
export const SESSION_SECRET = "session-secret-for-tests-0123456789";
/** Variables whose values no program may ever print; TLS_KEY is where a key is, which an error has to tell. */
const SECRET_NAMES = /(?<!_TLS)_(KEY|SECRET|TOKEN|AGENTS)$/;

/** Whole system on real processes: gateway (with its own Redis) and agent; model server, WeCom and WeChat are stand-ins. */
export interface System {
  dir: string;
  gatewayUrl: string;
  adminUrl: string;
  model: LmStudio;
  wecomApi: WecomApiStandIn;
  wecom: CallbackSender;
  /** What the programs are started with, for another one that differs in some of it. */
  env: { gateway: Env; agent: Env };
  gateway(): Program;
  agent(): Program;
  /** Starts one more program; it ends with the system. */
  launch(entry: string, env: Env, args?: readonly string[]): Program;
  startGateway(): Promise<void>;
  startAgent(): Promise<void>;
  signIn(name: string): Promise<string>;
  /** A client as the mini-program has it: one socket for subscriptions, HTTP for the rest. */
  client(token: string): UserClient;
  /** Ends everything. @throws when a program has printed a secret */
  stop(): Promise<void>;
}

export type Env = Readonly<Record<string, string>>;

export interface UserClient {
  api: TRPCClient<UserRouter>;
  close(): Promise<void>;
}

export interface SystemOptions {
  model?: LmStudioOptions;
  /** Another model server, such as one that is killed. */
  modelUrl?: string;
  gatewayEnv?: Env;
  agentEnv?: Env;
  /** Without it the agent is started, too. */
  withoutAgent?: boolean;
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const dir = mkdtempSync(join(tmpdir(), "claw-系统 "));
  const model = startLmStudio(options.model);
  const wecomApi = await startWecomApi({ ...CORP, agentId: Number(CORP.agentId) });
  const wechat = startWechatLogin(APP);
  const port = freePort();
  const adminPort = freePort();
  const gatewayUrl = `http://127.0.0.1:${port}`;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const env = {
    gateway: { ...gatewayEnv({ port, dir, wecomApi, wechat }), ...options.gatewayEnv },
    agent: {
      ...agentEnv({ port, dir, adminPort, modelUrl: options.modelUrl ?? model.url }),
      ...options.agentEnv,
    },
  };
  const clients = new Set<UserClient>();
  const programs: Program[] = [];
  const secrets = new Set<string>();
  let gateway: Program | undefined;
  let agent: Program | undefined;

  const started = (program: Program | undefined): Program => {
    if (!program) throw new Error("not started");
    return program;
  };

  const system: System = {
    dir,
    gatewayUrl,
    adminUrl,
    model,
    wecomApi,
    wecom: openCallbackSender({ ...CORP, callbackUrl: `${gatewayUrl}/wecom`, retryDelayMs: 20 }),
    env,
    gateway: () => started(gateway),
    agent: () => started(agent),
    launch(entry, env, args = []) {
      for (const secret of secretsOf(env)) secrets.add(secret);
      const program = startProgram({ entry, env, args });
      programs.push(program);
      return program;
    },
    async startGateway() {
      gateway = system.launch("src/gateway/main.ts", env.gateway);
      await untilReady(`${gatewayUrl}/readyz`, gateway);
      for (const secret of redisPassword(dir)) secrets.add(secret);
    },
    async startAgent() {
      agent = system.launch("src/agent/main.ts", env.agent);
      await untilReady(`${adminUrl}/readyz`, agent);
    },
    async signIn(name) {
      const client = system.client("");
      const { token } = await client.api.auth.miniprogramLogin.mutate({ code: `user-${name}` });
      await client.close();
      return token;
    },
    client(token) {
      const client = openClient(gatewayUrl, token);
      clients.add(client);
      return client;
    },
    async stop() {
      for (const client of clients) await client.close();
      // The last first: agents before their gateway.
      for (const program of programs.toReversed()) await program.stop();
      await Promise.all([model.stop(), wecomApi.stop(), wechat.stop()]);
      rmSync(dir, { recursive: true, force: true });
      const printed = programs.map((program) => program.output()).join("");
      const leaked = [...secrets].filter((secret) => printed.includes(secret));
      if (leaked.length > 0) throw new Error(`a program has printed secrets: ${leaked.join(" ")}`);
    },
  };
  try {
    await system.startGateway();
    if (!options.withoutAgent) await system.startAgent();
    return system;
  } catch (error) {
    await system.stop();
    throw error;
  }
}

/** The secrets among some variables; `agents` and Redis addresses hold theirs inside. */
function secretsOf(env: Env): string[] {
  const values = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAMES.test(name) ? value.split(/[,:]/) : [],
  );
  const { password } = new URL(env["CLAW_REDIS_URL"] || "redis://none");
  return [...values, password].filter((value) => value.length > 5);
}

/** The password that a gateway has made up for its own Redis. */
function redisPassword(dir: string): string[] {
  const file = join(dir, "gateway", "redis", "run.json");
  if (!existsSync(file)) return [];
  const { password } = JSON.parse(readFileSync(file, "utf8")) as { password: string };
  return [password];
}

function gatewayEnv(parts: { port: number; dir: string; wecomApi: WecomApiStandIn; wechat: WechatLogin }) {
  const { port, dir, wecomApi, wechat } = parts;
  return {
    CLAW_SERVER_HOST: "127.0.0.1",
    CLAW_SERVER_PORT: String(port),
    CLAW_DATA_DIR: join(dir, "gateway"),
    CLAW_AUTH_SESSION_SECRET: SESSION_SECRET,
    CLAW_AGENTS: `${AGENT.id}:${AGENT.key}`,
    CLAW_WECOM_CORP_ID: CORP.corpId,
    CLAW_WECOM_AGENT_ID: CORP.agentId,
    CLAW_WECOM_SECRET: CORP.secret,
    CLAW_WECOM_TOKEN: CORP.token,
    CLAW_WECOM_AES_KEY: CORP.aesKey,
    CLAW_WECOM_API_BASE: wecomApi.url,
    CLAW_MINIPROGRAM_APP_ID: APP.appId,
    CLAW_MINIPROGRAM_SECRET: APP.secret,
    CLAW_MINIPROGRAM_API_BASE: wechat.url,
  };
}

function agentEnv(parts: { port: number; dir: string; adminPort: number; modelUrl: string }) {
  const { port, dir, adminPort, modelUrl } = parts;
  return {
    CLAW_GATEWAY_URL: `ws://127.0.0.1:${port}/link`,
    CLAW_AGENT_ID: AGENT.id,
    CLAW_AGENT_KEY: AGENT.key,
    CLAW_LMSTUDIO_BASE_URL: modelUrl,
    CLAW_DATA_DIR: join(dir, "agent"),
    CLAW_ADMIN_PORT: String(adminPort),
  };
}

export function openClient(gatewayUrl: string, token: string): UserClient {
  const socket = createWSClient({
    url: `${gatewayUrl.replace(/^http/, "ws")}/trpc`,
    connectionParams: () => ({ token }),
    retryDelayMs: (attempt) => Math.min(50 * 2 ** attempt, 250),
    keepAlive: { enabled: true, intervalMs: 3_000, pongTimeoutMs: 2_000 },
    lazy: { enabled: true, closeMs: 60_000 },
  });
  const api = createTRPCClient<UserRouter>({
    links: [
      splitLink({
        condition: (op) => op.type === "subscription",
        true: wsLink({ client: socket }),
        false: httpLink({
          url: `${gatewayUrl}/trpc`,
          headers: token === "" ? {} : { authorization: `Bearer ${token}` },
        }),
      }),
    ],
  });
  return { api, close: () => socket.close() };
}
