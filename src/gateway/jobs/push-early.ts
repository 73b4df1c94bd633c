import type { LinkedAgent, LinkPort, Push } from "../../contract/link-api.ts";
import { isTerminal } from "../../contract/reply-event.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { pushEvents } from "./push-events.ts";

/**
 * Takes an agent's pushes, and hands those of a running answer to this gateway's own readers while Redis is still being
 * told: the way through Redis and back is a good part of a token's. Only where Redis cannot answer anything else: the push
 * goes on from one that the same process made by this link and that Redis has taken, and of a job that runs nobody else
 * writes events. Should Redis fail now, the agent sends the same events by the same numbers until it has them.
 */
export function openPusher(parts: { redis: RedisClient; hub: Hub }): LinkPort["push"] {
  const { redis, hub } = parts;
  /** What the next push of a job will be, by link. */
  const expected = new WeakMap<LinkedAgent, Map<string, string>>();

  return async (agent, push) => {
    const jobs = expected.get(agent) ?? new Map<string, string>();
    expected.set(agent, jobs);
    const goesOn = jobs.get(push.jobId) === nameOf(push, push.from);
    jobs.delete(push.jobId);
    const isSafe = goesOn && !push.events.some(isTerminal);
    const result = await pushEvents(redis, agent, push, isSafe ? hub.tellHere : undefined);
    const runs = goesOn || push.events.some((event) => event.t === "started");
    if (runs && !result.closed && !result.ahead) jobs.set(push.jobId, nameOf(push, result.next));
    return result;
  };
}

function nameOf({ writer }: Push, next: number): string {
  return `${next} ${writer?.id ?? ""}`;
}
