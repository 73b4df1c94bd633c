import type { AgentPresence } from "../../src/contract/presence";

/** How an agent is, in a line: its model and how busy it is, or what its being away means. */
export function agentNote(agent: AgentPresence): string {
  if (!agent.online) return "离线，问题会排队，恢复后回答";
  if (agent.modelReady === false) return "在线，模型暂未就绪，问题会排队";
  return ["在线", agent.model, busyText(agent)].filter((part) => part !== undefined).join(" · ");
}

function busyText({ running, slots, waiting = 0 }: AgentPresence): string | undefined {
  if (running === undefined || slots === undefined) return undefined;
  if (running === 0) return "空闲";
  return waiting === 0 ? `忙 ${running}/${slots}` : `忙 ${running}/${slots}，${waiting} 个排队`;
}
