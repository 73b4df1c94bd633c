import { excerpt } from "../../excerpt.ts";
import type { JobKind, JobStatus, JobSummary } from "../../contract/job.ts";
import type { Progress } from "../../contract/task.ts";

/** A job as the gateway keeps it: what is in flight, not its content. */
export interface JobRecord {
  id: string;
  kind: JobKind;
  userId: string;
  agentId: string;
  conversationId: string;
  /** The channel it came in by, and what that channel needs to answer it (its own business). */
  channel: string;
  origin: string;
  status: JobStatus;
  preview: string;
  createdAt: number;
  /** Of a change that is no more than that: how far a task is, and the number of the event that said so. */
  progress?: { number: number; at: Progress };
}

/**
 * How far a status is on a job's way; what has a lower rank came before. Between two statuses progress ranks by the
 * number of its event.
 */
export function rankOf(status: JobStatus, progress?: JobRecord["progress"]): number {
  return RANK[status] + (progress ? progress.number / MAX_EVENTS : 0);
}

const RANK: Readonly<Record<JobStatus, number>> = {
  queued: 1,
  delivered: 2,
  running: 3,
  done: 4,
  failed: 4,
  cancelled: 4,
};
/** More events than any job has: keeps the rank of progress below the next status'. */
const MAX_EVENTS = 1e9;

/** A status that a job never leaves. */
export function isFinal(status: JobStatus): boolean {
  return status === "done" || status === "failed" || status === "cancelled";
}

/** Length of the beginning of a message that lists show, in characters. */
const PREVIEW_CHARS = 80;

export function previewOf(text: string): string {
  return excerpt(text, PREVIEW_CHARS);
}

export function toHash(job: JobRecord): string[] {
  const { kind, userId, conversationId, channel, origin, preview, createdAt } = job;
  return [
    "kind",
    kind,
    "user",
    userId,
    "conversation",
    conversationId,
    "channel",
    channel,
    "origin",
    origin,
    "preview",
    preview,
    "created",
    String(createdAt),
  ];
}

/**
 * Lua, for the scripts that change a job's status: `change(job key, changes, job id, status, …)` notes it for whoever has
 * to be told, with the whole record, so that nobody has to ask for it. More names and values are added to it.
 */
export const CHANGE_LUA = `
local function change(key, changes, id, status, ...)
  local names = {'kind', 'user', 'conversation', 'channel', 'origin', 'preview', 'created'}
  local values = redis.call('HMGET', key, unpack(names))
  local entry = {'job', id, 'status', status, ...}
  for i, name in ipairs(names) do
    entry[#entry + 1] = name
    entry[#entry + 1] = values[i] or ''
  end
  redis.call('XADD', changes, '*', unpack(entry))
  redis.call('PUBLISH', changes, '')
end`;

export function fromHash(id: string, agentId: string, hash: Record<string, string>): JobRecord | undefined {
  const { kind, user, conversation, channel, origin, status, preview, created, progress, number } = hash;
  if (user === undefined || status === undefined) return undefined;
  return {
    id,
    // A job of a gateway that did not know tasks yet has none.
    kind: kind === "task" ? "task" : "turn",
    userId: user,
    agentId,
    conversationId: conversation ?? "",
    channel: channel ?? "",
    origin: origin ?? "",
    status: status as JobStatus,
    preview: preview ?? "",
    createdAt: Number(created),
    ...(progress === undefined
      ? {}
      : { progress: { number: Number(number), at: JSON.parse(progress) as Progress } }),
  };
}

export function summaryOf(job: JobRecord): JobSummary {
  const { id, kind, agentId, conversationId, channel, status, preview, createdAt } = job;
  return { jobId: id, kind, agentId, conversationId, channel, status, preview, createdAt };
}
