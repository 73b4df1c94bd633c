import type { JobStatus } from "../../contract/job.ts";
import type { Logger } from "../../log.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { whileLeased } from "../redis/lease.ts";
import { workOff } from "../redis/work-queue.ts";
import type { JobRecord } from "./job-record.ts";
import type { JobStore } from "./job-store.ts";

/** Told of each change of a job's status, at least once, in order per job; throws to be told again later. */
export type ChangeListener = (job: JobRecord, status: JobStatus) => Promise<void>;

/**
 * Tells `listener` what happens to the jobs of one agent, until the signal aborts. A change is written in the same step
 * as the status itself and goes only when the listener has dealt with it; one gateway at a time does this.
 */
export async function followJobChanges(options: {
  redis: RedisClient;
  hub: Hub;
  jobs: JobStore;
  agentId: string;
  gatewayId: string;
  log: Logger;
  signal: AbortSignal;
  listener: ChangeListener;
}): Promise<void> {
  const { redis, hub, jobs, agentId, gatewayId, log, listener } = options;
  const keys = agentKeys(agentId);
  await whileLeased(
    { redis, key: keys.changesLease, owner: gatewayId, log, signal: options.signal },
    (signal) =>
      workOff({
        redis,
        hub,
        key: keys.changes,
        log,
        signal,
        group: (fields) => fields["job"] ?? "",
        async handle(_id, fields) {
          const job = await jobs.find(fields["job"] ?? "");
          if (job) await listener(job, fields["status"] as JobStatus);
        },
      }),
  );
}
