import type { JobStatus } from "../../contract/job.ts";
import { refusal } from "../../contract/refusal.ts";
import type { CancelOutcome, NewTask, TaskDetail, TaskListRequest, TaskPage } from "../../contract/task.ts";
import type { TasksPort } from "../../contract/user-api.ts";
import type { Logger } from "../../log.ts";
import { asOutcome } from "../jobs/cancel-outcome.ts";
import { isFinal, type JobRecord } from "../jobs/job-record.ts";
import type { JobSource, JobStore } from "../jobs/job-store.ts";
import type { AgentCalls } from "../link/agent-calls.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { derivedId } from "../users/derived-id.ts";
import type { Feed } from "../users/feed.ts";
import { sentTo } from "../users/sent-to.ts";
import { attemptJobId, openAttempts } from "./attempts.ts";
import { detailOf } from "./detail.ts";
import { applyChange, type TaskChange, tellChange } from "./task-changes.ts";
import { publicTask, type StoredTask, type TaskRecord } from "./task-record.ts";
import { openTaskStore } from "./task-store.ts";
import { titleOf } from "./title.ts";

export type { TaskChange } from "./task-changes.ts";
export type { TaskRecord } from "./task-record.ts";

export interface Tasks {
  /**
   * Hands work over to the user's agent, once per idempotency key: the same key again returns the same task, as it now is.
   * @throws refusal `too-many-tasks`
   */
  create(userId: string, task: NewTask, source: JobSource): Promise<TaskRecord>;
  /** A user's task by its id; undefined for somebody else's. */
  find(userId: string, taskId: string): Promise<TaskRecord | undefined>;
  /** The task that its owner calls by that number. */
  byNumber(userId: string, number: number): Promise<TaskRecord | undefined>;
  /** Newest first. */
  list(userId: string, request: TaskListRequest): Promise<TaskPage>;
  /** With prompt and results from the agent; `fromCache` when it does not answer. @throws refusal `not-found` */
  get(userId: string, taskId: string, signal: AbortSignal | undefined): Promise<TaskDetail>;
  /** Asks for the end of the newest attempt. Asked twice, it is the same. @throws refusal `not-found` */
  cancel(userId: string, taskId: string): Promise<CancelOutcome>;
  /**
   * Begins one more attempt of a task that has ended; of a task that is already being tried again there is no other.
   *
   * @param key names the message or click that asks: the same one again (a repeat after a crash) begins nothing more
   * @throws refusal `not-found`, `not-ended` (its first attempt has not ended), `too-many-tasks`, `agent-unknown`
   */
  retry(userId: string, taskId: string, key?: string): Promise<TaskRecord>;
  /** Queues the newest attempt, should a gateway have died between recording and queuing it. @throws refusal `not-found` */
  ensureQueued(userId: string, taskId: string): Promise<void>;
  /**
   * To be told of every change of a task's job, in order for each task, at least once. Updates the task, tells the feed
   * and says what its channel is to be told; undefined when the task is gone.
   */
  changed(job: JobRecord, status: JobStatus, atMs: number): Promise<TaskChange | undefined>;
  /** Makes all tasks of `from` tasks of `to`, with new numbers. Broken off, it goes on when called again. */
  move(from: string, to: string): Promise<void>;
  /** Queues what gateways that died have left recorded and not queued. */
  queueForgotten(): Promise<void>;
  /** The same as the user API's task procedures see it. */
  port(channel: string): TasksPort;
}

export interface TasksParts {
  redis: RedisClient;
  restarts: RestartWatch;
  jobs: JobStore;
  feed: Feed;
  calls: AgentCalls;
  agentIds: readonly string[];
  /** How many tasks of a user may be open at once. */
  maxOpen: number;
  log: Logger;
  /** After how long what was recorded and not queued counts as forgotten. */
  forgottenAfterMs?: number;
}

export function openTasks(parts: TasksParts): Tasks {
  const { redis, restarts, jobs, feed, calls, agentIds, maxOpen } = parts;
  const store = openTaskStore(redis, restarts, maxOpen);
  const attempts = openAttempts({ ...parts, store });

  async function read(userId: string, taskId: string): Promise<StoredTask> {
    const task = await store.read(userId, taskId);
    // The same answer for a task that is not there and one of somebody else.
    if (!task) throw refusal("not-found", "没有这个任务");
    return task;
  }

  async function create(userId: string, task: NewTask, source: JobSource): Promise<StoredTask> {
    const { title, prompt, idempotencyKey } = task;
    const agentId = await sentTo(parts, userId, idempotencyKey);
    const id = `${agentId}.${derivedId("task", userId, idempotencyKey)}`;
    const jobId = attemptJobId(id, agentId, 1);
    const record = { userId, id, jobId, title: title ?? titleOf(prompt), prompt, source };
    const made = await attempts.recorded(userId, id, () => store.create(record));
    if (made === "too-many") throw tooMany(maxOpen);
    const created = await read(userId, id);
    await attempts.queue(created);
    return created;
  }

  async function get(userId: string, taskId: string, signal: AbortSignal | undefined): Promise<TaskDetail> {
    return await detailOf(calls, await read(userId, taskId), signal);
  }

  async function cancel(userId: string, taskId: string): Promise<CancelOutcome> {
    const task = await read(userId, taskId);
    let outcome = await jobs.cancel(task.jobId);
    if (outcome === undefined && !isFinal(task.status)) {
      // Recorded by a gateway that died before it had queued it.
      await attempts.queue(task);
      outcome = await jobs.cancel(task.jobId);
    }
    // A job lives shorter than its task.
    return asOutcome(outcome ?? task.status);
  }

  async function retry(userId: string, taskId: string, key = ""): Promise<StoredTask> {
    const task = await endedOr(await read(userId, taskId));
    const { agentId, attempts: before } = task;
    if (key !== "" && (await store.askedBy(userId, taskId)) === key) return await queued(task);
    if (!isFinal(task.status)) {
      if (before === 1) throw refusal("not-ended", "任务还没有结束，不用重试");
      return await queued(task);
    }
    if (!agentIds.includes(agentId))
      throw refusal("agent-unknown", "这个任务所在的智能体已不再使用，请重新提交");
    const jobId = attemptJobId(taskId, agentId, before + 1);
    const begun = await attempts.recorded(userId, taskId, () => store.retry(task, jobId, key));
    if (begun === "too-many") throw tooMany(maxOpen);
    return await queued(await read(userId, taskId));
  }

  async function queued(task: StoredTask): Promise<StoredTask> {
    await attempts.queue(task);
    return task;
  }

  /** Who has just seen its end in its events need not wait until the task has heard of it. */
  async function endedOr(task: StoredTask): Promise<StoredTask> {
    if (isFinal(task.status)) return task;
    const job = await jobs.find(task.jobId);
    if (!job || !isFinal(job.status)) return task;
    await applyChange({ redis, store }, job, job.status, Date.now());
    return await read(task.userId, task.id);
  }

  return {
    create,
    find: store.read,
    byNumber: store.byNumber,
    list: store.list,
    get,
    cancel,
    retry,
    async changed(job, status, atMs) {
      const change = await applyChange({ redis, store }, job, status, atMs);
      if (change) await tellChange(feed, change, job);
      return change;
    },
    ensureQueued: async (userId, taskId) => await attempts.queue(await read(userId, taskId)),
    move: store.move,
    queueForgotten: attempts.queueForgotten,
    port: (channel) => ({
      create: async (userId, task) => publicTask(await create(userId, task, { channel, origin: "" })),
      list: store.list,
      get,
      cancel,
      retry: async (userId, taskId) => publicTask(await retry(userId, taskId)),
    }),
  };
}

function tooMany(maxOpen: number): Error {
  return refusal("too-many-tasks", `未完成的任务已有 ${maxOpen} 个，请等一些完成或先取消一些`);
}
