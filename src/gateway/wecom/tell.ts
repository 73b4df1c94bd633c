import type { JobStatus } from "../../contract/job.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import { readOutcome } from "../jobs/job-events.ts";
import { isFinal, type JobRecord } from "../jobs/job-record.ts";
import type { Links } from "../link/links.ts";
import type { RedisClient } from "../redis/connect.ts";
import { JOB_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import { toWecomMessage } from "./markdown.ts";
import type { Outbox } from "./outbox.ts";
import { firstPieceId, inPieces } from "./pieces.ts";
import { answerName } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

/** An answer that takes longer gets a short notice, so that nobody thinks the message was lost. */
export const THINKING_AFTER_MS = 8_000;

export interface TellContext {
  redis: RedisClient;
  links: Links;
  outbox: Outbox;
}

const answerId = (jobId: string) => `answer:${jobId}`;
/** Once an answer is in the outbox, notices about its job come too late. */
const unlessAnswered = (jobId: string) => ({ unlessSent: firstPieceId(answerId(jobId)) });

/** Tells a member what became of their message. `job.origin` is the member's userid. */
export async function tellMember(context: TellContext, job: JobRecord, status: JobStatus): Promise<void> {
  if (status === "queued") await tellQueued(context, job);
  else if (isFinal(status)) await tellAnswer(context, job);
}

async function tellQueued({ redis, links, outbox }: TellContext, job: JobRecord): Promise<void> {
  const content = whyWaiting(await links.presence(job.agentId));
  if (content === undefined) {
    await redis.zadd(wecomKeys.thinking, job.createdAt + THINKING_AFTER_MS, job.id);
    await redis.expire(wecomKeys.thinking, JOB_TTL_SECONDS);
    return;
  }
  const notice = { id: `queued:${job.id}`, member: job.origin, type: "text", content } as const;
  await outbox.add({ ...notice, ...unlessAnswered(job.id) });
}

/** What keeps an agent from answering now; undefined: nothing. */
function whyWaiting({ online, modelReady }: AgentPresence): string | undefined {
  if (!online) return TEXTS.queuedOffline;
  return modelReady === false ? TEXTS.queuedModelDown : undefined;
}

async function tellAnswer({ redis, outbox }: TellContext, job: JobRecord): Promise<void> {
  await redis.zrem(wecomKeys.thinking, job.id);
  const outcome = await readOutcome(redis, job.id);
  if (!outcome) return;
  const answer = { id: answerId(job.id), member: job.origin, ...answerOf(job, outcome) };
  await outbox.addAll(inPieces(answer));
}

function answerOf(job: JobRecord, { event, text }: NonNullable<Awaited<ReturnType<typeof readOutcome>>>) {
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
      return { type: "text" as const, content: TEXTS.cancelled(answerName(job)) };
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
      // Meanwhile it may have gone away.
      const content = whyWaiting(await links.presence(job.agentId)) ?? TEXTS.thinking;
      const notice = { id: `thinking:${jobId}`, member: job.origin, type: "text", content } as const;
      await outbox.add({ ...notice, ...unlessAnswered(jobId) });
    }
    await redis.zrem(wecomKeys.thinking, jobId);
  }
}
