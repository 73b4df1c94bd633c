import { durationText } from "../screen/time-text";
import type { ShownMessage } from "./shown-message";

/**
 * How a message of a person stands until the gateway has it; then its answer says so.
 * @param removed nobody is signed in
 */
export function questionNote({ state, reason }: ShownMessage, removed: boolean): string {
  const isOnItsWay = state === "sending" || state === "waiting";
  if (isOnItsWay && removed) return "还没有发出，重新登录后自动发送";
  if (state === "sending") return "发送中…";
  if (state === "waiting") return "等待网络，连上后自动发送";
  return state === "refused" ? reason || "没有发送成功" : "";
}

/** What stands where an answer has no text yet. */
export function answerNote({ state }: ShownMessage, agentOffline: boolean): string {
  if (state === "queued") return agentOffline ? "排队中，智能体离线，恢复后自动回答" : "排队中…";
  if (state === "delivered") return agentOffline ? "已送达，智能体离线，恢复后自动回答" : "已送达，等待回答…";
  if (state === "thinking" || state === "streaming") return "正在思考…";
  if (state === "stopping") return "正在停止…";
  return state === "cancelled" ? "已停止，没有生成内容" : "";
}

/** @param ms 0: it was not seen happening */
export function thoughtTitle(ms: number, thinking: boolean): string {
  if (thinking) return "正在思考";
  return ms > 0 ? `思考过程 · ${durationText(ms)}` : "思考过程";
}

/** What a long press offers. */
export type MessageAction = "copy" | "edit" | "retry" | "takeBack" | "regenerate";

const NAMES: Readonly<Record<MessageAction, string>> = {
  copy: "复制",
  edit: "放入输入框",
  retry: "重试",
  takeBack: "撤回并编辑",
  regenerate: "重新生成",
};

export function messageActions(
  { role, state, last }: ShownMessage,
  hasText: boolean,
): [MessageAction, string][] {
  const actions: MessageAction[] = hasText ? ["copy"] : [];
  if (role === "assistant") return named(last ? [...actions, "regenerate"] : actions);
  if (state === "refused") return named([...actions, "retry", "takeBack"]);
  return named(state === "waiting" ? [...actions, "takeBack"] : [...actions, "edit"]);
}

function named(actions: MessageAction[]): [MessageAction, string][] {
  return actions.map((action) => [action, NAMES[action]]);
}
