import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LmStudio, type LmStudioOptions, startLmStudio } from "../../dev/lm-studio.ts";
import { freePort, type Program, untilReady } from "../../dev/program.ts";
import { startTestRedis } from "../../dev/redis-for-tests.ts";
import { startWecomApi } from "../../dev/wecom-api.ts";
import { openCallbackSender } from "../../dev/wecom-callback.ts";
import { CORP } from "../system.ts";
import type { IssuedCertificate, TestAuthority } from "../test-certificates.ts";
import { until } from "../until.ts";
import { type Installed, install } from "./installed.ts";
import { type Finished, startWindows, type Windows } from "./windows.ts";

/** Two servers after `init`; Redis, the model server and WeCom run beside them, outside of Windows. */
export interface Site {
  readonly windows: Windows;
  readonly gateway: Installed;
  readonly agent: Installed;
  readonly gatewayPort: number;
  readonly model: LmStudio;
  /** What the gateway's `init` has printed. */
  readonly gatewayInit: Finished;
  readonly agentInit: Finished;
  /** Resolve when it is ready. */
  startGateway(): Promise<Program>;
  startAgent(): Promise<Program>;
  /** Asks by WeCom; resolves when the gateway has said that it has the message. */
  ask(member: string, text: string): Promise<void>;
  /** Resolves with the messages of WeCom to this member that repeat the question, as the model does in its answer. */
  answersTo(member: string, text: string): Promise<string[]>;
  /** Ends everything of it. */
  stop(): Promise<void>;
}

/** Wine takes longer than Windows for everything, most of all for a connection that is refused. */
const READY_TIMEOUT_MS = 40_000;
const ANSWER_TIMEOUT_MS = 40_000;

/** Beside the agent's executable. */
const CA_FILE = "公司 CA.pem";

export interface SiteOptions {
  model?: LmStudioOptions;
  /** The gateway does TLS, with a certificate of this authority, which the agent is told to trust. */
  authority?: TestAuthority;
}

/** Takes 10 s, half of it for a Windows of its own. */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const windows = await startWindows();
  try {
    return await openSiteOn(windows, options);
  } catch (error) {
    await windows.switchOff();
    throw error;
  }
}

async function openSiteOn(windows: Windows, { authority, model: modelOptions }: SiteOptions): Promise<Site> {
  const gateway = await install(windows, "gateway", "智控 未来/网关");
  const agent = await install(windows, "agent", "智控 未来/智能体");
  if (authority) await placeCertificates(authority, gateway, agent);

  const [port, adminPort] = [freePort(), freePort()];
  const gatewayUrl = `${authority ? "https" : "http"}://127.0.0.1:${port}`;
  const gatewayInit = await gateway.run(["init", "--port", String(port), "--public-url", gatewayUrl]);
  const agentInit = await agent.run(["init", ...agentArguments(gatewayInit)]);

  const model = startLmStudio(modelOptions);
  const wecomApi = await startWecomApi({ ...CORP, agentId: Number(CORP.agentId) });
  const redis = await startTestRedis();
  gateway.configure({
    "server.host": "127.0.0.1",
    "redis.url": redis.url,
    "wecom.corp_id": CORP.corpId,
    "wecom.agent_id": CORP.agentId,
    "wecom.secret": CORP.secret,
    "wecom.token": CORP.token,
    "wecom.aes_key": CORP.aesKey,
    "wecom.api_base": wecomApi.url,
  });
  agent.configure({
    "lmstudio.base_url": model.url,
    "admin.port": adminPort,
    ...(authority ? { "gateway.ca": CA_FILE } : {}),
  });

  const door = authority ? openDoor(gatewayUrl, authority.ca) : undefined;
  const reachableUrl = door?.url ?? gatewayUrl;
  const wecom = openCallbackSender({ ...CORP, callbackUrl: `${reachableUrl}/wecom`, retryDelayMs: 20 });
  const ready = async (program: Program, url: string) => {
    await untilReady(`${url}/readyz`, program, READY_TIMEOUT_MS);
    return program;
  };
  return {
    windows,
    gateway,
    agent,
    gatewayPort: port,
    model,
    gatewayInit,
    agentInit,
    startGateway: () => ready(gateway.start(), reachableUrl),
    startAgent: () => ready(agent.start(), `http://127.0.0.1:${adminPort}`),
    async ask(member, text) {
      const { delivered, tries } = await wecom.sendText(member, text);
      if (!delivered) throw new Error(`the gateway did not take the message: ${tries.join(", ")}`);
    },
    async answersTo(member, text) {
      const answers = () =>
        wecomApi.list(member).flatMap(({ content }) => (content.includes(text) ? [content] : []));
      await until(`${member} has an answer`, () => answers().length > 0, ANSWER_TIMEOUT_MS);
      return answers();
    },
    async stop() {
      await windows.switchOff();
      await Promise.all([model.stop(), wecomApi.stop(), redis.stop(), door?.stop()]);
    },
  };
}

/** The flags of the agent's `init` that the gateway's has printed; the administrator copies them. */
function agentArguments({ output }: Finished): string[] {
  const [, args] = /claw-agent init (--gateway .*)/.exec(output) ?? [];
  if (args === undefined) throw new Error(`no command for the agent in:\n${output}`);
  return args.trim().split(" ");
}

async function placeCertificates(
  authority: TestAuthority,
  gateway: Installed,
  agent: Installed,
): Promise<void> {
  mkdirSync(join(gateway.folder, "ssl"));
  placePair(gateway, await authority.issue("first"));
  writeFileSync(join(agent.folder, CA_FILE), authority.ca);
}

/** Puts a certificate and its key where the gateway's `init` expects them. */
export function placePair(gateway: Installed, { chainText, keyText }: IssuedCertificate): void {
  writeFileSync(join(gateway.folder, "ssl", "pactgo.cn-chain.pem"), chainText);
  writeFileSync(join(gateway.folder, "ssl", "pactgo.cn-key.pem"), keyText);
}

/** The same gateway over plain HTTP: WeCom's stand-in knows public authorities only. */
function openDoor(gatewayUrl: string, ca: string): { url: string; stop(): Promise<void> } {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      const body = method === "POST" ? await request.text() : null;
      return await fetch(gatewayUrl + pathname + search, { method, headers, body, tls: { ca } });
    },
    error: () => new Response(null, { status: 502 }),
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
