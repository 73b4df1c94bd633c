import type { AgentPresence } from "../../../src/contract/presence";
import type { User } from "../../../src/contract/user";
import { absoluteTime } from "../screen/time-text";
import type { Tone } from "../screen/tone";

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

const QUEUES = "问题会排队，恢复后回答";

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
  if (!online) return { id, status: "离线", tone: "quiet", model: "", note: QUEUES };
  if (modelReady === false) {
    const note = `模型服务暂时没有响应，${QUEUES}`;
    return { id, status: "模型未就绪", tone: "warn", model: "", note };
  }
  const sinceText = since === undefined ? "" : ` · ${absoluteTime(since, now)} 上线`;
  return {
    id,
    status: "在线",
    tone: "good",
    model,
    note: `${loadText(agent, "忙碌") ?? "空闲"}${sinceText}`,
  };
}

/** The same in a line, to choose among several: its model and how busy it is, or what its being away means. */
export function agentNote(agent: AgentPresence): string {
  if (!agent.online) return `离线，${QUEUES}`;
  if (agent.modelReady === false) return "在线，模型暂未就绪，问题会排队";
  return ["在线", agent.model, loadText(agent, "忙")].filter((part) => part !== undefined).join(" · ");
}

/** How busy it is; undefined before it has said so. */
function loadText({ running, slots, waiting = 0 }: AgentPresence, busy: string): string | undefined {
  if (running === undefined || slots === undefined) return undefined;
  if (running === 0) return "空闲";
  const queue = waiting > 0 ? `，${waiting} 个排队` : "";
  return `${busy} ${running}/${Math.max(slots, running)}${queue}`;
}
