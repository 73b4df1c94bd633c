import type { LinkPort } from "../../contract/link-api.ts";
import { expireQueued } from "../jobs/overdue.ts";
import { openPusher } from "../jobs/push-early.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { patiently } from "../redis/patiently.ts";
import type { AgentCalls } from "./agent-calls.ts";
import type { Links } from "./links.ts";
import { acceptOrders, followOrders } from "./orders.ts";

/** What agents may ask of the gateway. */
export function openLinkPort(parts: {
  redis: RedisClient;
  hub: Hub;
  links: Links;
  calls: AgentCalls;
  /** Orders older than this are not given out any more. */
  queueMs: number;
}): LinkPort {
  const { redis, hub, links, calls, queueMs } = parts;
  return {
    async *orders(agent, after, signal) {
      try {
        await patiently(signal, () => expireQueued(redis, agent.id, queueMs));
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      yield* followOrders({ redis, hub, agent, after, signal });
    },
    accept: (agent, upTo) => acceptOrders(redis, agent, upTo),
    push: openPusher({ redis, hub }),
    report: (agent, report) => links.report(agent, report),
    calls: (agent, signal) => calls.follow(agent, signal),
    answer: (agent, answer) => calls.answer(agent, answer),
  };
}
