import type { JobStatus } from "../../contract/job.ts";
import type { Task, TaskListRequest, TaskPage } from "../../contract/task.ts";
import type { JobSource } from "../jobs/job-store.ts";
import type { RedisClient } from "../redis/connect.ts";
import { TASK_TTL_SECONDS, userKeys } from "../redis/keys.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { record } from "../redis/stream.ts";
import { fromHash, type StoredTask, SUMMARY_FIELDS, summaryFromHash, withNewest } from "./task-record.ts";
import {
  adoptTask,
  createTask,
  listKeys,
  releaseTask,
  retryTask,
  TOO_MANY,
  updateTask,
} from "./task-scripts.ts";

/** Tasks moved from one user to another at a time. */
const MOVE_PAGE = 100;

export interface NewRecord {
  userId: string;
  id: string;
  jobId: string;
  title: string;
  prompt: string;
  source: JobSource;
}

/** Tasks in Redis, each change of one a single step. Whose they are has been checked. */
export interface TaskStore {
  read(userId: string, taskId: string): Promise<StoredTask | undefined>;
  byNumber(userId: string, number: number): Promise<StoredTask | undefined>;
  list(userId: string, request: TaskListRequest): Promise<TaskPage>;
  /** Once: the same id again changes nothing. */
  create(task: NewRecord): Promise<"made" | "too-many">;
  /** Begins the attempt `jobId`; `stale` when the task's newest attempt is not (any more) this one, ended. */
  retry(task: StoredTask, jobId: string, asks: string): Promise<"begun" | "stale" | "too-many">;
  /**
   * Brings a task to where its newest attempt is now, unless that is another, or further already; says how the task is
   * then, and what its status was (undefined: nothing has changed). Undefined without a task.
   */
  update(
    userId: string,
    taskId: string,
    change: TaskUpdate,
  ): Promise<{ task: StoredTask; before: JobStatus | undefined } | undefined>;
  /** Who asked for the newest attempt. */
  askedBy(userId: string, taskId: string): Promise<string>;
  move(from: string, to: string): Promise<void>;
}
export interface TaskUpdate {
  jobId: string;
  rank: number;
  status: JobStatus;
  fields: Readonly<Record<string, string | number>>;
}

/** @param maxOpen how many tasks of a user may be open at once */
export function openTaskStore(
  redis: RedisClient,
  restarts: Pick<RestartWatch, "surely">,
  maxOpen: number,
): TaskStore {
  async function read(userId: string, taskId: string): Promise<StoredTask | undefined> {
    return fromHash(userId, taskId, await redis.hgetall(userKeys(userId).task(taskId)));
  }

  async function readSummary(userId: string, taskId: string): Promise<Task | undefined> {
    const values = await redis.hmget(userKeys(userId).task(taskId), ...SUMMARY_FIELDS);
    const known = SUMMARY_FIELDS.map((field, i) => [field, values[i] ?? undefined]);
    return summaryFromHash(taskId, Object.fromEntries(known) as Record<string, string>);
  }

  return {
    read,

    async byNumber(userId, number) {
      const [id] = await redis.zrangebyscore(userKeys(userId).taskNumbers, number, number);
      return id === undefined ? undefined : await read(userId, id);
    },

    async list(userId, { cursor, status, limit }) {
      const keys = userKeys(userId);
      const key = status === undefined ? keys.tasks : keys.tasksIn(status);
      const newest = cursor === undefined ? "+inf" : `(${cursor}`;
      const rows = await redis.zrevrangebyscore(key, newest, "-inf", "WITHSCORES", "LIMIT", 0, limit + 1);
      const ids = rows.filter((_, i) => i % 2 === 0).slice(0, limit);
      const found = await Promise.all(ids.map((id) => readSummary(userId, id)));
      // One may have gone on, or been forgotten, since the list was read.
      const tasks = found.filter((task) => task !== undefined && (!status || task.status === status));
      const last = rows[2 * limit - 1];
      const more = rows.length > 2 * limit && last !== undefined;
      return { tasks: tasks as Task[], ...(more ? { cursor: last } : {}) };
    },

    async create({ userId, id, jobId, title, prompt, source: { channel, origin } }) {
      const fields = { title, prompt, channel, origin, job: jobId };
      // Done again after a loss, it has to get the number that its owner has seen.
      let number: number | undefined;
      const now = Date.now();
      const made = await restarts.surely(async () => {
        const args = [id, TASK_TTL_SECONDS, now, maxOpen, number ?? "", ...Object.entries(fields).flat()];
        const given = Number(await createTask(redis, listKeys(userId, id), args));
        if (given !== TOO_MANY) number = given;
        return given;
      });
      return made === TOO_MANY ? "too-many" : "made";
    },

    async retry(task, jobId, asks) {
      const { userId, id } = task;
      const earlier = JSON.stringify(withNewest(task));
      const args = [id, TASK_TTL_SECONDS, Date.now(), maxOpen, task.jobId, jobId, earlier, asks];
      const begun = await restarts.surely(() => retryTask(redis, listKeys(userId, id), args));
      if (begun === TOO_MANY) return "too-many";
      return begun === 1 ? "begun" : "stale";
    },

    async update(userId, taskId, { jobId, rank, status, fields }) {
      const args = [taskId, TASK_TTL_SECONDS, jobId, rank, status, ...Object.entries(fields).flat()];
      const updated = await updateTask(redis, listKeys(userId, taskId), args);
      if (updated === null) return undefined;
      const [before, values] = updated as [JobStatus | "", string[]];
      const task = fromHash(userId, taskId, record(values));
      return task && { task, before: before === "" ? undefined : before };
    },

    async askedBy(userId, taskId) {
      return (await redis.hget(userKeys(userId).task(taskId), "asked")) ?? "";
    },

    async move(from, to) {
      const { tasks } = userKeys(from);
      for (;;) {
        // Oldest first, so that the new numbers are in order.
        const page = await redis.zrangebyscore(tasks, "-inf", "+inf", "LIMIT", 0, MOVE_PAGE);
        if (page.length === 0) return;
        for (const id of page) await moveOne(from, to, id);
      }
    },
  };

  async function moveOne(from: string, to: string, id: string): Promise<void> {
    for (;;) {
      const hash = await redis.hgetall(userKeys(from).task(id));
      const revision = hash["revision"] ?? "0";
      if (hash["number"] !== undefined) {
        const { number: _number, ...rest } = hash;
        const args = [id, TASK_TTL_SECONDS, revision, ...Object.entries(rest).flat()];
        await restarts.surely(() => adoptTask(redis, listKeys(to, id), args));
      }
      // It may have gone on meanwhile: then it is copied once more.
      if ((await releaseTask(redis, listKeys(from, id), [id, revision])) === 1) return;
    }
  }
}
