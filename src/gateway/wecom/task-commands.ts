import * as v from "valibot";
import { MessageText } from "../../contract/job.ts";
import { isFinal } from "../jobs/job-record.ts";
import { type Command, numberIn, refusalText } from "./command.ts";
import { listLine, taskName } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

const TASKS_SHOWN = 10;

/** Hands over a task. The card that comes of it is the answer (tell-task.ts). */
export const createTask: Command = async ({ channel, tasks }, { userId, member, key, rest }) => {
  if (rest.trim() === "") return TEXTS.taskUsage;
  if (!v.is(MessageText, rest)) return TEXTS.tooLong;
  const task = { prompt: rest, idempotencyKey: `${channel}:${key}` };
  try {
    await tasks.create(userId, task, { channel, origin: member });
    return "";
  } catch (error) {
    return refusalText(error);
  }
};

export const listTasks: Command = async ({ tasks }, { userId }) => {
  const page = await tasks.list(userId, { limit: TASKS_SHOWN });
  if (page.tasks.length === 0) return TEXTS.noTasks;
  return TEXTS.taskList(page.tasks.map(listLine), page.cursor !== undefined);
};

/** Tries a task once more; the new card is the answer when it came in here. */
export const retryTask: Command = async ({ channel, tasks }, { userId, key, rest }) => {
  const number = numberIn(rest);
  if (number === undefined) return TEXTS.numberNeeded("/retry");
  const task = await tasks.byNumber(userId, number);
  if (!task) return TEXTS.noSuchTask(number);
  try {
    const retried = await tasks.retry(userId, task.id, `${channel}:${key}`);
    if (retried.attempts === task.attempts && !isFinal(task.status))
      return TEXTS.taskStillGoing(taskName(task));
    return retried.channel === channel ? "" : TEXTS.taskRetried(taskName(task));
  } catch (error) {
    return refusalText(error);
  }
};
