import { agentOf } from "../../contract/identifiers.ts";
import { isFinal, type JobRecord } from "../jobs/job-record.ts";
import { SEEN_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { type Command, type CommandContext, numberIn, refusalText, type Said } from "./command.ts";
import { answerName, STATUS_NAMES, taskName } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

/** Ends the task of that number; without one, the newest answer that has not ended, else the newest such task. */
export const cancel: Command = async (context, said) => {
  if (said.rest.trim() === "") return await cancelNewest(context, said);
  const number = numberIn(said.rest);
  return number === undefined ? TEXTS.numberNeeded("/cancel") : await cancelTask(context, said, number);
};

async function cancelTask(context: CommandContext, { userId }: Said, number: number): Promise<string> {
  const { channel, tasks } = context;
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
  if (outcome === "cancelled") return task.channel === channel ? "" : TEXTS.cancelled(name);
  if (outcome !== "cancelling") return TEXTS.taskOver(name, STATUS_NAMES[outcome]);
  return await cancellingText(context, task.agentId, name);
}

async function cancelNewest(context: CommandContext, said: Said): Promise<string> {
  const { channel, jobs } = context;
  const job = await meantJob(context, said);
  if (!job) return TEXTS.nothingToCancel;
  const name = await nameOf(context, said, job);
  const outcome = await jobs.cancel(job.id);
  if (outcome === "cancelled") return job.channel === channel ? "" : TEXTS.cancelled(name);
  if (outcome !== "cancelling") return TEXTS.overBeforeCancel(name);
  return await cancellingText(context, agentOf(job.id), name);
}

async function cancellingText({ links }: CommandContext, agentId: string, name: string): Promise<string> {
  const { online } = await links.presence(agentId);
  return online ? TEXTS.cancelling(name) : TEXTS.cancelWhenOnline(name);
}

/** The job that the message means. It is noted before anything ends, so that a repeat of the message does not end another. */
async function meantJob(context: CommandContext, { userId, key }: Said): Promise<JobRecord | undefined> {
  const { redis, jobs } = context;
  const noteKey = wecomKeys.meant(key);
  const noted = await redis.get(noteKey);
  if (noted !== null) return await jobs.find(noted);
  const job = await newestOpen(context, userId);
  if (job) await redis.set(noteKey, job.id, "EX", SEEN_TTL_SECONDS);
  return job;
}

/** An answer comes first: somebody waits for it, and a task has a number to be called by. */
async function newestOpen({ feed, jobs }: CommandContext, userId: string): Promise<JobRecord | undefined> {
  let newestTask: JobRecord | undefined;
  for (const jobId of await feed.openJobs(userId)) {
    const job = await jobs.find(jobId);
    if (!job || isFinal(job.status)) continue;
    if (job.kind === "turn") return job;
    newestTask ??= job;
  }
  return newestTask;
}

async function nameOf({ tasks }: CommandContext, { userId }: Said, job: JobRecord): Promise<string> {
  if (job.kind === "turn") return answerName(job);
  const task = await tasks.find(userId, job.conversationId);
  // While its user's accounts are being bound a task may be with neither.
  return task ? taskName(task) : `任务「${job.preview}」`;
}
