import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LmStudio, type LmStudioOptions, startLmStudio } from "../../dev/lm-studio.ts";
import { freePort, type Program, untilReady } from "../../dev/program.ts";
import { startWecomApi, type WecomApiStandIn } from "../../dev/wecom-api.ts";
import { openCallbackSender } from "../../dev/wecom-callback.ts";
import { CORP } from "../system.ts";
import { layTraps } from "../traps.ts";
import { agentInitWords, type WecomMembers, wecomMembers, wecomSettings } from "../wecom-members.ts";
import { type Finished, type Installed, install } from "./installed.ts";
import { processesFrom } from "./processes.ts";

/**
 * Two servers after `init`, each with nothing but its executable and what that has made; the model server and WeCom
 * are stand-ins. The folders have spaces and Chinese characters, and the programs are started among traps.
 */
export interface Site extends WecomMembers {
  /** All folders are in it. */
  readonly root: string;
  readonly gateway: Installed;
  readonly agent: Installed;
  readonly gatewayPort: number;
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  readonly model: LmStudio;
  readonly wecomApi: WecomApiStandIn;
  readonly gatewayInit: Finished;
  readonly agentInit: Finished;
  /** Resolves when it is ready. */
  startGateway(args?: readonly string[]): Promise<Program>;
  startAgent(args?: readonly string[]): Promise<Program>;
  /** Ends the programs. @throws when an executable, or a Redis from one, is left */
  stopPrograms(): Promise<void>;
  /** The same, and the rest. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 20_000;

export async function openSite(options: { model?: LmStudioOptions } = {}): Promise<Site> {
  const root = mkdtempSync(join(tmpdir(), "claw-智控 未来 "));
  const cwd = layTraps(join(root, "traps"));
  const gateway = await install("gateway", { folder: join(root, "服务器 A", "网关"), cwd });
  const agent = await install("agent", { folder: join(root, "服务器 B", "智能体"), cwd });
  const [port, adminPort] = [freePort(), freePort()];
  const gatewayUrl = `http://127.0.0.1:${port}`;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const model = startLmStudio(options.model);
  const wecomApi = await startWecomApi({ ...CORP, agentId: Number(CORP.agentId) });

  const gatewayInit = await gateway.run(["init", "--port", String(port), "--public-url", gatewayUrl]);
  const agentInit = await agent.run(agentInitWords(gatewayInit.output));
  gateway.configure(wecomSettings(wecomApi));
  // This machine may have another agent on the usual port.
  agent.configure({ "lmstudio.base_url": model.url, "admin.port": adminPort });

  const callbacks = openCallbackSender({ ...CORP, callbackUrl: `${gatewayUrl}/wecom`, retryDelayMs: 20 });
  const programs: Program[] = [];
  const started = async (program: Program, url: string) => {
    programs.push(program);
    await untilReady(`${url}/readyz`, program, READY_TIMEOUT_MS);
    return program;
  };
  const stopPrograms = async () => {
    // The last first: the agent before its gateway.
    for (const program of programs.splice(0).toReversed()) await program.stop();
    const left = processesFrom(root);
    if (left.length > 0) throw new Error(`left behind: ${left.map(({ exe }) => exe).join(", ")}`);
  };
  return {
    root,
    gateway,
    agent,
    gatewayPort: port,
    gatewayUrl,
    adminUrl,
    model,
    wecomApi,
    gatewayInit,
    agentInit,
    ...wecomMembers({ callbacks, api: wecomApi, answerTimeoutMs: ANSWER_TIMEOUT_MS }),
    startGateway: (args) => started(gateway.start(args), gatewayUrl),
    startAgent: (args) => started(agent.start(args), adminUrl),
    stopPrograms,
    async stop() {
      try {
        await stopPrograms();
      } finally {
        for (const { pid } of processesFrom(root)) process.kill(pid, "SIGKILL");
        await Promise.all([model.stop(), wecomApi.stop()]);
        rmSync(root, { recursive: true, force: true });
      }
    },
  };
}
