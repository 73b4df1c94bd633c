import type { AgentPresence } from "../../contract/presence.ts";
import { readOutcome } from "../jobs/job-events.ts";
import { isFinal } from "../jobs/job-record.ts";
import type { Links } from "../link/links.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { TaskChange, TaskRecord } from "../tasks/tasks.ts";
import { cardAsText, taskCard } from "./card.ts";
import { toWecomMessage } from "./markdown.ts";
import type { Outbox, OutboxContent, OutboxMessage } from "./outbox.ts";
import { inPieces } from "./pieces.ts";
import { taskName } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

export interface TellTaskContext {
  redis: RedisClient;
  links: Links;
  outbox: Outbox;
}

const cardMessageId = (jobId: string) => `card:${jobId}`;
/** The id of the message that shows the end of a task's attempt. */
export const endMessageId = (jobId: string) => `card-end:${jobId}`;

/**
 * Shows a member what becomes of their task: a card for each attempt; when that ends, the card is changed, and the result
 * is sent. In between the card stays as it is: a card can be changed once after each press of a button, and the end needs
 * that. `task.origin` is the member's userid.
 */
export async function tellTask(context: TellTaskContext, { task, before }: TaskChange): Promise<void> {
  if (isFinal(task.status)) await tellEnd(context, task);
  else if (before === undefined) await tellBegin(context, task);
}

async function tellBegin({ links, outbox }: TellTaskContext, task: TaskRecord): Promise<void> {
  const presence = await links.presence(task.agentId);
  const [card, ...otherwise] = newCard(task, presence, 1);
  await outbox.add({
    id: cardMessageId(task.jobId),
    member: task.origin,
    ...card,
    otherwise,
    unlessSent: endMessageId(task.jobId),
  });
}

async function tellEnd({ redis, links, outbox }: TellTaskContext, task: TaskRecord): Promise<void> {
  const presence = await links.presence(task.agentId);
  const update: OutboxMessage = {
    id: endMessageId(task.jobId),
    member: task.origin,
    type: "card_update",
    ...taskCard(task, presence),
    // Another card needs another id: it is the second of this attempt.
    otherwise: newCard(task, presence, 2),
  };
  const result = { id: `result:${task.jobId}`, member: task.origin, ...(await resultOf(redis, task)) };
  await outbox.addAll([update, ...inPieces(result)]);
}

/** A card as a message of its own, and what says the same where cards are not supported. */
function newCard(
  task: TaskRecord,
  presence: AgentPresence,
  copy: number,
): [OutboxContent, ...OutboxContent[]] {
  return [
    { type: "template_card", ...taskCard(task, presence, copy) },
    { type: "text", content: cardAsText(task, presence) },
  ];
}

async function resultOf(redis: RedisClient, task: TaskRecord) {
  const outcome = await readOutcome(redis, task.jobId);
  const text = (outcome?.event.t === "done" ? outcome.event.text : outcome?.text)?.trim() ?? "";
  const name = taskName(task);
  if (task.status === "done") return toWecomMessage(`${name}的结果：\n\n${text}`);
  const end =
    task.status === "cancelled"
      ? TEXTS.cancelled(name)
      : TEXTS.taskFailed(name, task.failure?.message ?? "原因不明");
  return toWecomMessage(text === "" ? end : `${text}\n\n${TEXTS.cutOff}\n${end}`);
}
