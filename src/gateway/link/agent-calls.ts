import { createTRPCClient, TRPCClientError, type TRPCClient, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import type { AgentRouter } from "../../contract/agent-api.ts";
import type { AgentAnswer, AgentCall, LinkedAgent } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { openMailbox } from "../redis/mailbox.ts";

/** A user waits for a page of history no longer than this. */
const CALL_TIMEOUT_MS = 8_000;
/** Calls waiting for a link that does not take them; more are dropped and run into their timeout. */
const MAX_WAITING_CALLS = 1_000;

/** Calls of an agent's own procedures, from any gateway to the one that holds the agent's link, through Redis. */
export interface AgentCalls {
  /** An ordinary tRPC client of that agent. Calls throw refusal `agent-offline` or `agent-timeout`. */
  client(agentId: string): TRPCClient<AgentRouter>;
  /** The calls for an agent whose link is here. */
  follow(agent: LinkedAgent, signal: AbortSignal): AsyncGenerator<AgentCall>;
  answer(agent: LinkedAgent, answer: AgentAnswer): Promise<void>;
}

export async function openAgentCalls(options: {
  redis: RedisClient;
  hub: Hub;
  agentIds: readonly string[];
  signal: AbortSignal;
  timeoutMs?: number;
}): Promise<AgentCalls> {
  const { redis, hub, agentIds, signal, timeoutMs = CALL_TIMEOUT_MS } = options;
  const waiting = new Map<string, (answer: AgentAnswer) => void>();
  const take = (message: string | null) => {
    if (message === null) return;
    const answer = JSON.parse(message) as AgentAnswer;
    waiting.get(answer.callId)?.(answer);
  };
  await Promise.all(agentIds.map((agentId) => hub.listen(agentKeys(agentId).answers, take, signal)));

  async function call(
    agentId: string,
    operation: Omit<AgentCall, "callId">,
    aborted: AbortSignal | null | undefined,
  ): Promise<unknown> {
    const keys = agentKeys(agentId);
    if ((await redis.exists(keys.link)) === 0) throw refusal("agent-offline", "智能体当前不在线，请稍后再试");
    const callId = Bun.randomUUIDv7();
    const { promise, resolve, reject } = Promise.withResolvers<AgentAnswer>();
    // Given up while Redis is still being asked, it has no reader yet, and would end the process.
    promise.catch(() => {});
    const giveUp = () => reject(refusal("agent-timeout", "智能体没有及时回应，请稍后再试"));
    const timer = setTimeout(giveUp, timeoutMs);
    aborted?.addEventListener("abort", giveUp, { once: true });
    if (aborted?.aborted) giveUp();
    waiting.set(callId, resolve);
    try {
      await redis.publish(keys.calls, JSON.stringify({ callId, ...operation } satisfies AgentCall));
      const { result } = await promise;
      if (result.ok) return result.data;
      throw result.code === "NOT_FOUND"
        ? refusal("not-found", result.message)
        : new Error(`agent: ${result.code}`);
    } finally {
      clearTimeout(timer);
      aborted?.removeEventListener("abort", giveUp);
      waiting.delete(callId);
    }
  }

  return {
    client: (agentId) => createTRPCClient<AgentRouter>({ links: [callLink(agentId)] }),
    async *follow(agent, ended) {
      const calls = openMailbox<AgentCall | null>({
        signal: ended,
        limit: MAX_WAITING_CALLS,
        overflow: null,
      });
      await hub.listen(
        agentKeys(agent.id).calls,
        (message) => {
          if (message !== null) calls.put(JSON.parse(message) as AgentCall);
        },
        ended,
      );
      for (let taken = await calls.take(); taken; taken = await calls.take()) {
        for (const one of taken) if (one) yield one;
      }
    },
    async answer(agent, answer) {
      await redis.publish(agentKeys(agent.id).answers, JSON.stringify(answer));
    },
  };

  function callLink(agentId: string): TRPCLink<AgentRouter> {
    return () =>
      ({ op }) =>
        observable((observer) => {
          const { path, type, input, signal: aborted } = op;
          if (type === "subscription") throw new Error("an agent has no subscriptions");
          call(agentId, { path, type, input }, aborted).then(
            (data) => {
              observer.next({ result: { type: "data", data } });
              observer.complete();
            },
            (cause: Error) => observer.error(TRPCClientError.from(cause)),
          );
        });
  }
}
