import { TRPCClientError } from "@trpc/client";
import type { AttemptContent } from "../../contract/agent-api.ts";
import { reasonOf } from "../../contract/refusal.ts";
import type { Attempt, TaskDetail } from "../../contract/task.ts";
import type { AgentCalls } from "../link/agent-calls.ts";
import { type KeptAttempt, publicTask, type StoredTask, withNewest } from "./task-record.ts";

/** A task with its whole results from the agent; while that does not answer, with their beginnings. */
export async function detailOf(
  calls: AgentCalls,
  task: StoredTask,
  signal: AbortSignal | undefined,
): Promise<TaskDetail> {
  const contents = await contentsOf(calls, task, signal);
  const results = new Map(contents?.map(({ jobId, result }) => [jobId, result]));
  const history = withNewest(task).map(({ preview, ...attempt }): Attempt => {
    const result = results.get(attempt.jobId) ?? preview;
    return result === undefined || result === "" ? attempt : { ...attempt, result };
  });
  return { ...publicTask(task), prompt: task.prompt, history, fromCache: contents === undefined };
}

/** Undefined when the agent does not answer, or does not have what it has once said. */
async function contentsOf(
  calls: AgentCalls,
  task: StoredTask,
  signal: AbortSignal | undefined,
): Promise<AttemptContent[] | undefined> {
  const { userId, id, agentId } = task;
  try {
    return await calls
      .client(agentId)
      .tasks.attempts.query({ userId, taskId: id }, signal === undefined ? {} : { signal });
  } catch (error) {
    // tRPC's client wraps what its link threw.
    const reason = reasonOf(error instanceof TRPCClientError ? error.cause : error);
    if (reason === "agent-offline" || reason === "agent-timeout") return undefined;
    // It has not been given the task yet, or never was: the task was cancelled, or expired, in the queue.
    if (reason === "not-found") return withNewest(task).some(hasBegun) ? undefined : [];
    throw error;
  }
}

function hasBegun({ startedAt, preview }: KeptAttempt): boolean {
  return startedAt !== undefined || preview !== undefined;
}
