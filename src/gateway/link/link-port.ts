import type { LinkPort } from "../../contract/link-api.ts";
import type { Logger } from "../../log.ts";
import { expireQueued } from "../jobs/overdue.ts";
import { openPusher } from "../jobs/push-early.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { patiently } from "../redis/patiently.ts";
import type { AgentCalls } from "./agent-calls.ts";
import type { Links } from "./links.ts";
import { acceptOrders, followOrders } from "./orders.ts";
import { takeOver } from "./take-over.ts";

/** What agents may ask of the gateway. */
export function openLinkPort(parts: {
  redis: RedisClient;
  hub: Hub;
  links: Links;
  calls: AgentCalls;
  /** Orders older than this are not given out any more. */
  queueMs: number;
  log: Logger;
}): LinkPort {
  const { redis, hub, links, calls, queueMs, log } = parts;
  return {
    async *orders(agent, from, signal) {
      try {
        const lost = await patiently(signal, () => takeOver(redis, agent));
        if (lost > 0) log.warn("智能体丢失了数据，它手上的工作已结束", { agentId: agent.id, jobs: lost });
        await patiently(signal, () => expireQueued(redis, agent.id, queueMs));
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      yield* followOrders({ redis, hub, agent, from, signal });
    },
    accept: (agent, upTo) => acceptOrders(redis, agent, upTo),
    push: openPusher({ redis, hub }),
    report: (agent, report) => links.report(agent, report),
    calls: (agent, signal) => calls.follow(agent, signal),
    answer: (agent, answer) => calls.answer(agent, answer),
  };
}
