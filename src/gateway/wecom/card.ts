import { excerpt } from "../../excerpt.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import type { Task } from "../../contract/task.ts";
import { isFinal } from "../jobs/job-record.ts";
import { cardIdOf } from "./card-id.ts";
import { outcomeText, statusText, taskName, timeText, tookText, waitingText } from "./task-text.ts";

/** What the buttons of a card say when they are pressed (EventKey). */
export const BUTTONS = { cancel: "cancel", view: "view", retry: "retry" } as const;

/** What WeCom advises for an app's card; longer is cut on narrow screens (path/90236). */
const TITLE_CHARS = 36;
const SUB_TITLE_CHARS = 120;
const VALUE_CHARS = 26;
/** Leaves room in the line below the title for what it is called. */
const OUTCOME_CHARS = SUB_TITLE_CHARS - 10;

const BUTTON_STYLES = { main: 1, other: 2 } as const;
/** `desc_color` of the line above the title: black, red and green; grey while nothing has been decided. */
const COLOURS = { grey: 0, black: 1, red: 2, green: 3 } as const;

/** A task's card (button_interaction), as JSON for message/send and update_template_card. */
export function taskCard(task: Task, presence: AgentPresence, copy = 1): { card: string; content: string } {
  const card = cardIdOf({ taskId: task.id, attempt: task.attempts, copy });
  const note = waitingText(task, presence) ?? outcomeText(task, OUTCOME_CHARS);
  const content = {
    card_type: "button_interaction",
    source: { desc: `任务 ${task.number} · ${statusText(task)}`, desc_color: colourOf(task) },
    main_title: { title: excerpt(task.title, TITLE_CHARS) },
    ...(note === undefined ? {} : { sub_title_text: excerpt(note, SUB_TITLE_CHARS) }),
    horizontal_content_list: linesOf(task),
    task_id: card,
    button_list: buttonsOf(task),
  };
  return { card, content: JSON.stringify(content) };
}

/** What an old card becomes when another has taken its place: only its state can still be asked for. */
export function replacedCard(task: Task, card: string): { card: string; content: string } {
  const content = {
    card_type: "button_interaction",
    source: { desc: `任务 ${task.number} · 已重试`, desc_color: COLOURS.grey },
    main_title: { title: excerpt(task.title, TITLE_CHARS) },
    sub_title_text: `已经开始第 ${task.attempts} 次执行，进展请看新的卡片。`,
    task_id: card,
    button_list: [{ text: "查看", style: BUTTON_STYLES.main, key: BUTTONS.view }],
  };
  return { card, content: JSON.stringify(content) };
}

/** The same where cards are not supported. */
export function cardAsText(task: Task, presence: AgentPresence): string {
  const waiting = waitingText(task, presence);
  const lines = [`${taskName(task)}：${statusText(task)}`, ...(waiting === undefined ? [] : [waiting])];
  const next = isFinal(task.status)
    ? `发送 /retry ${task.number} 再执行一次。`
    : `发送 /tasks 查看进展，发送 /cancel ${task.number} 取消。`;
  return [...lines, next].join("\n");
}

function linesOf(task: Task) {
  const took = tookText(task);
  return [
    ...(task.status === "running" && task.progress ? [{ keyname: "进度", value: task.progress.note }] : []),
    { keyname: "智能体", value: task.agentId },
    { keyname: "提交时间", value: timeText(task.createdAt) },
    ...(task.attempts > 1 ? [{ keyname: "执行次数", value: `第 ${task.attempts} 次` }] : []),
    ...(isFinal(task.status) && took !== undefined ? [{ keyname: "用时", value: took }] : []),
  ].map(({ keyname, value }) => ({ keyname, value: excerpt(value, VALUE_CHARS) }));
}

function buttonsOf({ status }: Task) {
  const view = { text: "查看", style: BUTTON_STYLES.main, key: BUTTONS.view };
  const cancel = { text: "取消", style: BUTTON_STYLES.other, key: BUTTONS.cancel };
  const retry = { text: "重试", style: BUTTON_STYLES.other, key: BUTTONS.retry };
  if (!isFinal(status)) return [cancel, view];
  return status === "done" ? [view] : [retry, view];
}

function colourOf({ status }: Task): number {
  if (status === "done") return COLOURS.green;
  if (status === "failed") return COLOURS.red;
  return isFinal(status) ? COLOURS.grey : COLOURS.black;
}
