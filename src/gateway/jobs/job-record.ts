import { excerpt } from "../../excerpt.ts";
import type { JobStatus, JobSummary } from "../../contract/job.ts";

/** A job as the gateway keeps it: what is in flight, not its content. */
export interface JobRecord {
  id: string;
  userId: string;
  agentId: string;
  conversationId: string;
  /** The channel it came in by, and what that channel needs to answer it (its own business). */
  channel: string;
  origin: string;
  status: JobStatus;
  preview: string;
  createdAt: number;
}

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
  const { userId, conversationId, channel, origin, preview, createdAt } = job;
  return [
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
 * Lua, for the scripts that change a job's status: `change(job key, changes, job id, status)` notes it for whoever has to
 * be told, with the whole record, so that nobody has to ask for it.
 */
export const CHANGE_LUA = `
local function change(key, changes, id, status)
  local names = {'user', 'conversation', 'channel', 'origin', 'preview', 'created'}
  local values = redis.call('HMGET', key, unpack(names))
  local entry = {'job', id, 'status', status}
  for i, name in ipairs(names) do
    entry[#entry + 1] = name
    entry[#entry + 1] = values[i] or ''
  end
  redis.call('XADD', changes, '*', unpack(entry))
  redis.call('PUBLISH', changes, '')
end`;

export function fromHash(id: string, agentId: string, hash: Record<string, string>): JobRecord | undefined {
  const { user, conversation, channel, origin, status, preview, created } = hash;
  if (user === undefined || status === undefined) return undefined;
  return {
    id,
    userId: user,
    agentId,
    conversationId: conversation ?? "",
    channel: channel ?? "",
    origin: origin ?? "",
    status: status as JobStatus,
    preview: preview ?? "",
    createdAt: Number(created),
  };
}

export function summaryOf(job: JobRecord): JobSummary {
  const { id, agentId, conversationId, channel, status, preview, createdAt } = job;
  return { jobId: id, kind: "turn", agentId, conversationId, channel, status, preview, createdAt };
}
