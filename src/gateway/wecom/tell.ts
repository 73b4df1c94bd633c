import type { JobStatus } from "../../contract/job.ts";
import { readOutcome } from "../jobs/job-events.ts";
import { isFinal, type JobRecord } from "../jobs/job-record.ts";
import type { Links } from "../link/links.ts";
import type { RedisClient } from "../redis/connect.ts";
import { JOB_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { toWecomMessage } from "./markdown.ts";
import type { Outbox } from "./outbox.ts";
import { splitUtf8 } from "./split.ts";
import { TEXTS } from "./texts.ts";

/** An answer that takes longer gets a short notice, so that nobody thinks the message was lost. */
export const THINKING_AFTER_MS = 8_000;

export interface TellContext {
  redis: RedisClient;
  links: Links;
  outbox: Outbox;
}

/** The id of the first piece of a job's answer: once it is in the outbox, notices about the job come too late. */
const answerId = (jobId: string) => `answer:${jobId}:0`;

/** Tells a member what became of their message. `job.origin` is the member's userid. */
export async function tellMember(context: TellContext, job: JobRecord, status: JobStatus): Promise<void> {
  if (status === "queued") await tellQueued(context, job);
  else if (isFinal(status)) await tellAnswer(context, job);
}

async function tellQueued({ redis, links, outbox }: TellContext, job: JobRecord): Promise<void> {
  const { online, modelReady } = await links.presence(job.agentId);
  if (online && modelReady !== false) {
    await redis.zadd(wecomKeys.thinking, job.createdAt + THINKING_AFTER_MS, job.id);
    await redis.expire(wecomKeys.thinking, JOB_TTL_SECONDS);
    return;
  }
  const content = online ? TEXTS.queuedModelDown : TEXTS.queuedOffline;
  await outbox.add({
    id: `queued:${job.id}`,
    member: job.origin,
    type: "text",
    content,
    unlessSent: answerId(job.id),
  });
}

async function tellAnswer({ redis, outbox }: TellContext, job: JobRecord): Promise<void> {
  await redis.zrem(wecomKeys.thinking, job.id);
  const outcome = await readOutcome(redis, job.id);
  if (!outcome) return;
  const { type, content } = answerOf(outcome);
  const pieces = splitUtf8(content);
  await outbox.addAll(
    pieces.map((piece, n) => ({ id: `answer:${job.id}:${n}`, member: job.origin, type, content: piece })),
  );
}

function answerOf({ event, text }: NonNullable<Awaited<ReturnType<typeof readOutcome>>>) {
  switch (event.t) {
    case "done":
      return toWecomMessage(event.text);
    case "failed":
      return toWecomMessage(
        text.trim() === ""
          ? TEXTS.failed(event.message)
          : `${text}\n\n${TEXTS.cutOff}\n${TEXTS.failed(event.message)}`,
      );
    case "cancelled":
      return { type: "text" as const, content: TEXTS.cancelled };
  }
}

/** Sends the notices that have become due. */
export async function tellThinking(
  context: TellContext,
  find: (jobId: string) => Promise<JobRecord | undefined>,
): Promise<void> {
  const { redis, links, outbox } = context;
  const due = await redis.zrangebyscore(wecomKeys.thinking, "-inf", Date.now(), "LIMIT", 0, 100);
  for (const jobId of due) {
    const job = await find(jobId);
    if (job && !isFinal(job.status)) {
      const { modelReady } = await links.presence(job.agentId);
      const content = modelReady === false ? TEXTS.queuedModelDown : TEXTS.thinking;
      await outbox.add({
        id: `thinking:${jobId}`,
        member: job.origin,
        type: "text",
        content,
        unlessSent: answerId(jobId),
      });
    }
    await redis.zrem(wecomKeys.thinking, jobId);
  }
}
