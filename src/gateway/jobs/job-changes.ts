import type { JobStatus } from "../../contract/job.ts";
import type { Logger } from "../../log.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { whileLeased } from "../redis/lease.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { workOff } from "../redis/work-queue.ts";
import { fromHash, type JobRecord } from "./job-record.ts";

/**
 * Told of each change of a job's status, and of a task's progress (`job.progress`), at least once; throws to be told again
 * later. In order for all turns of a conversation, and for all the attempts of a task. `atMs`: when it changed, by Redis'
 * clock.
 */
export type ChangeListener = (job: JobRecord, status: JobStatus, atMs: number) => Promise<void>;

/** Who is told of a change can wait this long; who waits for the first words of an answer just then cannot. */
const GATHER_MS = 25;

/**
 * Tells `listener` what happens to the jobs of one agent, until the signal aborts. A change is written in the same step
 * as the status itself and goes only when the listener has dealt with it; one gateway at a time does this.
 */
export async function followJobChanges(options: {
  redis: RedisClient;
  hub: Hub;
  restarts: Pick<RestartWatch, "count">;
  agentId: string;
  gatewayId: string;
  log: Logger;
  signal: AbortSignal;
  listener: ChangeListener;
}): Promise<void> {
  const { redis, hub, restarts, agentId, gatewayId, log, listener } = options;
  const keys = agentKeys(agentId);
  await whileLeased(
    { redis, key: keys.changesLease, owner: gatewayId, log, signal: options.signal },
    (signal) =>
      workOff({
        redis,
        hub,
        restarts,
        key: keys.changes,
        log,
        signal,
        gatherMs: GATHER_MS,
        read: (fields) => fromHash(fields["job"] ?? "", agentId, fields),
        group: ({ conversationId }) => conversationId,
        async handle(id, job) {
          if (job) await listener(job, job.status, Number(id.split("-")[0]));
        },
      }),
  );
}
