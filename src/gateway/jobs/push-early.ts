import type { LinkedAgent, LinkPort, Push } from "../../contract/link-api.ts";
import { isTerminal } from "../../contract/reply-event.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { pushEvents } from "./push-events.ts";

/**
 * A job that was silent for longer may just be ended for that (settable, from a minute on), by somebody else's hand.
 */
const EARLY_WITHIN_MS = 30_000;

/** The push that a job's last one leads to, and when that began (monotonic clock). */
interface NextPush {
  name: string;
  sinceMs: number;
}

/**
 * Takes an agent's pushes, and hands those of a running answer to this gateway's own readers while Redis is still being
 * told: the way through Redis and back is a good part of a token's. Only where Redis cannot answer anything else: the push
 * goes on from one that the same process just made by this link and that Redis has taken, and of a job that runs nobody
 * else writes events. Should Redis fail now, the agent sends the same events by the same numbers until it has them.
 */
export function openPusher(parts: { redis: RedisClient; hub: Hub }): LinkPort["push"] {
  const { redis, hub } = parts;
  /** By link and job. */
  const expected = new WeakMap<LinkedAgent, Map<string, NextPush>>();

  return async (agent, push) => {
    const jobs = expected.get(agent) ?? new Map<string, NextPush>();
    expected.set(agent, jobs);
    const next = jobs.get(push.jobId);
    const goesOn = next?.name === nameOf(push, push.from);
    jobs.delete(push.jobId);
    const startedAt = performance.now();
    const isFresh = next !== undefined && startedAt - next.sinceMs < EARLY_WITHIN_MS;
    const isSafe = goesOn && isFresh && !push.events.some(isTerminal);
    const result = await pushEvents(redis, agent, push, isSafe ? hub.tellHere : undefined);
    const runs = goesOn || push.events.some((event) => event.t === "started");
    if (runs && !result.closed && !result.ahead) {
      jobs.set(push.jobId, { name: nameOf(push, result.next), sinceMs: startedAt });
    }
    return result;
  };
}

function nameOf({ writer }: Push, next: number): string {
  return `${next} ${writer?.id ?? ""}`;
}
