import { isFinal } from "../jobs/job-record.ts";
import type { Links } from "../link/links.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { TaskRecord, Tasks } from "../tasks/tasks.ts";
import type { Logger } from "../../log.ts";
import { BUTTONS, replacedCard, taskCard } from "./card.ts";
import { notePressCode } from "./card-code.ts";
import { type CardId, parseCardId } from "./card-id.ts";
import { refusalText } from "./command.ts";
import type { WecomInbound } from "./inbound-message.ts";
import type { Outbox } from "./outbox.ts";
import { firstPieceId, inPieces } from "./pieces.ts";
import { describeTask, STATUS_NAMES, taskName } from "./task-text.ts";
import { endMessageId } from "./tell-task.ts";
import { TEXTS } from "./texts.ts";

export interface PressContext {
  redis: RedisClient;
  links: Links;
  tasks: Pick<Tasks, "find" | "cancel" | "retry" | "ensureQueued">;
  outbox: Outbox;
  log: Logger;
}
type PressEvent = Extract<WecomInbound, { kind: "event" }>;

/** A press of a card's button, the card's id read and the task found. */
interface Press {
  userId: string;
  member: string;
  dedupeId: string;
  atMs: number;
  /** The card's task_id. */
  card: string;
  id: CardId;
  task: TaskRecord;
}

/**
 * Does what the button of a card is for. Every step can be done again, and a double press acts once: a card's buttons mean
 * the attempt that it shows, and nothing once that is over. Pressed by anybody but the task's owner, nothing happens.
 */
export async function receivePress(context: PressContext, event: PressEvent, userId: string): Promise<void> {
  const { redis, tasks, log } = context;
  const { taskId: card = "", responseCode, member, dedupeId, createdAtMs: atMs } = event;
  const id = parseCardId(card);
  const task = id && (await tasks.find(userId, id.taskId));
  if (!id || !task) {
    log.warn("有人点了不属于自己或已不存在的任务卡片，已忽略", { member, card });
    return;
  }
  if (responseCode !== undefined) await notePressCode(redis, card, responseCode, atMs);
  const press: Press = { userId, member, dedupeId, atMs, card, id, task };
  if (event.eventKey === BUTTONS.view) await view(context, press);
  else if (event.eventKey === BUTTONS.cancel) await cancel(context, press);
  else if (event.eventKey === BUTTONS.retry) await retry(context, press);
  else log.warn("任务卡片上没有这个按钮，已忽略", { member, card, button: event.eventKey });
}

async function view({ links, outbox }: PressContext, { member, task, atMs }: Press): Promise<void> {
  // Two presses in one second or the next are a double press: one answer is enough.
  const second = Math.floor(atMs / 1_000);
  const answerId = (at: number) => `view:${task.id}:${at}`;
  const content = describeTask(task, await links.presence(task.agentId));
  const unlessSent = firstPieceId(answerId(second - 1));
  await outbox.addAll(inPieces({ id: answerId(second), member, type: "text", content, unlessSent }));
}

async function cancel(context: PressContext, press: Press): Promise<void> {
  const { links, tasks, outbox } = context;
  const { userId, member, id, task } = press;
  if (id.attempt !== task.attempts || isFinal(task.status)) {
    await refresh(context, press, task);
    return;
  }
  const say = (what: string, content: string) =>
    outbox.add({ id: `${what}:${task.jobId}`, member, type: "text", content });
  try {
    const outcome = await tasks.cancel(userId, task.id);
    const name = taskName(task);
    if (outcome === "done" || outcome === "failed")
      await say("over", TEXTS.taskOver(name, STATUS_NAMES[outcome]));
    // With the agent there, the changed card is the answer a moment later.
    else if (outcome === "cancelling" && !(await links.presence(task.agentId)).online)
      await say("cancelling", TEXTS.cancelWhenOnline(name));
  } catch (error) {
    await sayRefused(outbox, press, error);
  }
}

async function retry(context: PressContext, press: Press): Promise<void> {
  const { tasks, outbox } = context;
  const { userId, dedupeId, id, task } = press;
  if (id.attempt !== task.attempts || !isFinal(task.status)) {
    // It may be this very press, told again after a crash: what it has begun goes on at once.
    await tasks.ensureQueued(userId, task.id);
    await refresh(context, press, task);
    return;
  }
  try {
    await refresh(context, press, await tasks.retry(userId, task.id, `press:${dedupeId}`));
  } catch (error) {
    await sayRefused(outbox, press, error);
  }
}

/**
 * Makes a card show what has become of it meanwhile, if it can be updated. An end that its owner is still to be told of
 * comes without that, and needs the code that the press has brought.
 */
async function refresh(
  { links, outbox }: PressContext,
  { member, card, id }: Press,
  task: TaskRecord,
): Promise<void> {
  const look =
    id.attempt === task.attempts
      ? taskCard(task, await links.presence(task.agentId), id.copy)
      : replacedCard(task, card);
  await outbox.add({
    id: `refresh:${card}:${task.attempts}:${task.status}`,
    member,
    type: "card_update",
    ...look,
    ...(id.attempt === task.attempts && isFinal(task.status) ? { onlyAfter: endMessageId(task.jobId) } : {}),
  });
}

async function sayRefused(outbox: Outbox, { member, dedupeId }: Press, error: unknown): Promise<void> {
  await outbox.add({ id: `reply:${dedupeId}`, member, type: "text", content: refusalText(error) });
}
