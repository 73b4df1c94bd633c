import * as v from "valibot";
import type { Command } from "../../command-line.ts";
import { clockCheck } from "../../doctor/clock.ts";
import { dataFolderCheck } from "../../doctor/data-folder.ts";
import { doctorCommand } from "../../doctor/doctor-command.ts";
import { about } from "../../doctor/finding.ts";
import { localReadiness, portCheck } from "../../doctor/port.ts";
import type { Check } from "../../doctor/run-checks.ts";
import { ExplainedError } from "../../explained-error.ts";
import { AGENT_CONFIG_FILE, type AgentConfig, readAgentConfig } from "../config.ts";
import { readGatewayCa } from "../gateway-ca.ts";
import { gatewayCheck } from "./gateway.ts";
import { healthUrl } from "./knock.ts";
import { modelServerCheck } from "./model-server.ts";

/** What the agent's own `/readyz` answers, whatever its state. */
const Readiness = v.object({
  ready: v.boolean(),
  link: v.object({ up: v.boolean() }),
  model: v.object({ up: v.boolean() }),
});

export const agentDoctor: Command = doctorCommand({
  program: "claw-agent",
  title: "智控未来 智能体",
  config: { defaultFile: AGENT_CONFIG_FILE, read: readAgentConfig },
  checks: agentChecks,
});

function agentChecks(config: AgentConfig): Check[] {
  const { dataDir, admin, gateway, lmStudio, slots, id, key } = config;
  const local = { host: admin.host, port: admin.port, tls: false };
  return [
    dataFolderCheck(dataDir),
    portCheck({
      ...local,
      title: "本机管理端口",
      key: "admin.port",
      isOurs: (readiness) => v.is(Readiness, readiness),
    }),
    clockCheck({ url: healthUrl(gateway.url), name: "网关" }),
    ...gatewayChecks(),
    modelServerCheck({ config: lmStudio, slots }),
  ];

  function gatewayChecks(): Check[] {
    const ca = readCa(gateway.ca);
    if ("failure" in ca) return [ca.failure];
    return [
      gatewayCheck({
        url: gateway.url,
        ca: ca.text,
        agentId: id,
        key,
        async isConnectedHere(signal) {
          const readiness = await localReadiness(local, signal);
          return v.is(Readiness, readiness) && readiness.link.up;
        },
      }),
    ];
  }
}

function readCa(path: string): { text: string | undefined } | { failure: Check } {
  try {
    return { text: readGatewayCa(path) };
  } catch (error) {
    if (!(error instanceof ExplainedError)) throw error;
    const finding = about("gateway.ca", "网关的 CA 证书").failed(
      error.message,
      "改正 gateway.ca，或换掉这个文件；网关用公共 CA 的证书时，这一项留空",
    );
    return { failure: { id: finding.check, title: finding.title, run: () => Promise.resolve([finding]) } };
  }
}
