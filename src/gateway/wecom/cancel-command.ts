import { agentOf } from "../../contract/identifiers.ts";
import { isFinal } from "../jobs/job-record.ts";
import { SEEN_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { type Command, type CommandContext, numberIn, refusalText, type Said } from "./command.ts";
import { STATUS_NAMES, taskName } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

/** Ends the task of that number; without one, the newest job that has not ended. */
export const cancel: Command = async (context, said) => {
  if (said.rest.trim() === "") return await cancelNewest(context, said);
  const number = numberIn(said.rest);
  return number === undefined ? TEXTS.numberNeeded("/cancel") : await cancelTask(context, said, number);
};

async function cancelTask(
  { channel, links, tasks }: CommandContext,
  { userId }: Said,
  number: number,
): Promise<string> {
  const task = await tasks.byNumber(userId, number);
  if (!task) return TEXTS.noSuchTask(number);
  const name = taskName(task);
  if (isFinal(task.status)) return TEXTS.taskOver(name, STATUS_NAMES[task.status]);
  let outcome: Awaited<ReturnType<typeof tasks.cancel>>;
  try {
    outcome = await tasks.cancel(userId, task.id);
  } catch (error) {
    return refusalText(error);
  }
  // The end of a task from here is told as such; it is not to be said twice.
  if (outcome === "cancelled") return task.channel === channel ? "" : TEXTS.taskCancelled(name);
  if (outcome !== "cancelling") return TEXTS.taskOver(name, STATUS_NAMES[outcome]);
  const { online } = await links.presence(task.agentId);
  return online ? TEXTS.taskCancelling(name) : TEXTS.taskCancelWhenOnline(name);
}

async function cancelNewest(context: CommandContext, said: Said): Promise<string> {
  const { channel, jobs, links } = context;
  const jobId = await meantJob(context, said);
  if (jobId === undefined) return TEXTS.nothingToCancel;
  const outcome = await jobs.cancel(jobId);
  if (outcome === "cancelled") {
    const isFromHere = (await jobs.find(jobId))?.channel === channel;
    return isFromHere ? "" : TEXTS.cancelled;
  }
  if (outcome !== "cancelling") return TEXTS.overBeforeCancel;
  const { online } = await links.presence(agentOf(jobId));
  return online ? TEXTS.cancelling : TEXTS.cancelWhenOnline;
}

/** The job that the message means. It is noted before anything ends, so that a repeat of the message does not end another. */
async function meantJob(
  { redis, feed, jobs }: CommandContext,
  { userId, key }: Said,
): Promise<string | undefined> {
  const noteKey = wecomKeys.meant(key);
  const noted = await redis.get(noteKey);
  if (noted !== null) return noted;
  for (const jobId of await feed.openJobs(userId)) {
    const job = await jobs.find(jobId);
    if (!job || isFinal(job.status)) continue;
    await redis.set(noteKey, jobId, "EX", SEEN_TTL_SECONDS);
    return jobId;
  }
  return undefined;
}
