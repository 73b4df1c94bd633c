import type { AgentPresence } from "../../src/contract/presence";
import type { User } from "../../src/contract/user";
import type { Tone } from "./task-text";
import { absoluteTime } from "./time-text";

/** The agent that answers, as pages show it. */
export interface AgentCard {
  /** Empty while nothing is known of any. */
  readonly id: string;
  readonly status: string;
  readonly tone: Tone;
  readonly model: string;
  /** What a person has to expect. */
  readonly note: string;
}

/** The one that the user has chosen, else the first: where the gateway sends new work. */
export function chosenAgent(
  user: Pick<User, "agentId"> | undefined,
  agents: readonly AgentPresence[],
): AgentPresence | undefined {
  return agents.find(({ id }) => id === user?.agentId) ?? agents[0];
}

/** `now` in ms since 1970; `offline`: without a connection nobody knows how the agents are. */
export function agentCard(agent: AgentPresence | undefined, now: number, offline: boolean): AgentCard {
  if (agent === undefined) return { id: "", status: "", tone: "quiet", model: "", note: "" };
  if (offline) {
    const note = "问题会先留在手机上，连上后自动发出";
    return { id: agent.id, status: "未连接", tone: "quiet", model: agent.model ?? "", note };
  }
  const { id, online, modelReady, model = "", since } = agent;
  if (!online) return { id, status: "离线", tone: "quiet", model: "", note: "问题会排队，恢复后回答" };
  if (modelReady === false) {
    const note = "模型服务暂时没有响应，问题会排队，恢复后回答";
    return { id, status: "模型未就绪", tone: "warn", model: "", note };
  }
  const sinceText = since === undefined ? "" : ` · ${absoluteTime(since, now)} 上线`;
  return { id, status: "在线", tone: "good", model, note: `${loadText(agent)}${sinceText}` };
}

function loadText({ running = 0, slots = 0, waiting = 0 }: AgentPresence): string {
  if (running === 0) return "空闲";
  const queue = waiting > 0 ? `，${waiting} 个排队` : "";
  return `忙碌 ${running}/${Math.max(slots, running)}${queue}`;
}
