import { refusal } from "../../contract/refusal.ts";
import type { JobsPort } from "../../contract/user-api.ts";
import { asOutcome } from "../jobs/cancel-outcome.ts";
import { followJobEvents } from "../jobs/job-events.ts";
import { isFinal, type JobRecord } from "../jobs/job-record.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { lastId } from "../redis/stream.ts";
import { personOf } from "./person-of.ts";

/** A user's view of jobs: only their own. */
export function openUserJobs(parts: { redis: RedisClient; hub: Hub; jobs: JobStore }): JobsPort {
  const { redis, hub, jobs } = parts;
  const isOf = async (job: JobRecord, userId: string) =>
    job.userId === userId || (await personOf(redis, job.userId)) === userId;
  async function own(userId: string, jobId: string): Promise<JobRecord> {
    const job = await jobs.find(jobId);
    // The same answer for a job that is not there and one of somebody else.
    if (!job || !(await isOf(job, userId))) throw noSuchJob();
    return job;
  }
  return {
    async cancel(userId, jobId) {
      await own(userId, jobId);
      const outcome = await jobs.cancel(jobId);
      if (outcome === undefined) throw noSuchJob();
      return asOutcome(outcome);
    },
    async *events(userId, jobId, lastEventId, signal) {
      const job = await own(userId, jobId);
      const seen = Number(lastEventId?.split("-")[0] ?? 0);
      // The frame that said "complete" may have been lost with the old socket: say it again.
      const last = isFinal(job.status)
        ? await lastId(redis, agentKeys(job.agentId).events(jobId))
        : undefined;
      if (last !== undefined && seen >= Number(last.split("-")[0])) return;
      yield* followJobEvents({ redis, hub, jobId, seen, signal });
    },
  };
}

function noSuchJob(): Error {
  return refusal("not-found", "没有这个任务");
}
