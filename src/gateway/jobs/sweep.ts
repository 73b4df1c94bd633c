import { pause } from "../../backoff.ts";
import type { Logger } from "../../log.ts";
import type { Links } from "../link/links.ts";
import type { RedisClient } from "../redis/connect.ts";
import { taskKeys } from "../redis/keys.ts";
import { whileLeased } from "../redis/lease.ts";
import { expireQueued, failSilent, type Patience } from "./overdue.ts";

/** Those who wait for hours or minutes do not mind so much more. */
const SWEEP_EVERY_MS = 30_000;
/** Of the shortest patience, should that be short. */
const SWEEPS_PER_PATIENCE = 4;

/**
 * Ends from time to time what has waited or been silent for too long, and lets `tidy` do what else is to be done so
 * often, until the signal aborts; one gateway at a time does. Not at once: after a start, agents first have to come back.
 */
export async function sweepOverdue(options: {
  redis: RedisClient;
  links: Links;
  agentIds: readonly string[];
  patience: Patience;
  tidy: () => Promise<void>;
  gatewayId: string;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { redis, links, agentIds, patience, tidy, gatewayId, log } = options;
  const everyMs = Math.min(
    SWEEP_EVERY_MS,
    Math.min(patience.queueMs, patience.silenceMs) / SWEEPS_PER_PATIENCE,
  );
  await whileLeased(
    { redis, key: taskKeys.sweepLease, owner: gatewayId, log, signal: options.signal },
    async (signal) => {
      for (await pause(everyMs, signal); !signal.aborted; await pause(everyMs, signal)) {
        for (const agentId of agentIds) {
          const { since } = await links.presence(agentId);
          const expired = await expireQueued(redis, agentId, patience.queueMs);
          if (expired > 0) log.warn("等智能体太久，没有执行，已结束", { agentId, jobs: expired });
          const silent = await failSilent(redis, agentId, since, patience);
          if (silent > 0) log.warn("智能体太久没有进展的任务，已结束", { agentId, jobs: silent });
        }
        await tidy();
      }
    },
  );
}
