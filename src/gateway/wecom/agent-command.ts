import type { AgentPresence } from "../../contract/presence.ts";
import { type Command, numberIn, refusalText } from "./command.ts";
import { timeText } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

/** Shows the agents, or chooses the one with that number or name. */
export const agent: Command = async ({ agentIds, links, users }, { userId, rest }) => {
  const current = await users.agentFor(userId);
  const asked = rest.trim();
  if (asked === "") {
    const all = await Promise.all(agentIds.map((id) => links.presence(id)));
    const list = TEXTS.agentList(all.map((presence, at) => agentLine(presence, at + 1, current)));
    return all.length < 2 ? list : `${list}\n\n${TEXTS.howToChooseAgent}`;
  }
  const chosen = agentIds.find((id) => id === asked) ?? agentIds[(numberIn(asked) ?? 0) - 1];
  if (chosen === undefined) return TEXTS.noSuchAgent;
  if (chosen === current) return TEXTS.agentKept(chosen);
  try {
    await users.setAgent(userId, chosen);
  } catch (error) {
    return refusalText(error);
  }
  const { online } = await links.presence(chosen);
  return online ? TEXTS.agentChosen(chosen) : `${TEXTS.agentChosen(chosen)}\n${TEXTS.agentAway}`;
};

function agentLine(presence: AgentPresence, number: number, current: string): string {
  const { id, online, since } = presence;
  const name = id === current ? `${id}（当前）` : id;
  const sinceText = since === undefined ? "" : `，${timeText(since)} 起`;
  return `${number}　${name}　${online ? `在线${sinceText}${loadText(presence)}` : "不在线"}`;
}

function loadText({ modelReady, model, running = 0, slots = 0, waiting = 0 }: AgentPresence): string {
  if (modelReady === false) return "，模型服务暂时不可用";
  const load = running === 0 ? "空闲" : `忙 ${running}/${slots}`;
  const queue = waiting > 0 ? `，排队 ${waiting}` : "";
  return `，${load}${queue}${model === undefined ? "" : `，模型 ${model}`}`;
}
