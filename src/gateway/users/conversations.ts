import type { TRPCClient } from "@trpc/client";
import type { AgentRouter } from "../../contract/agent-api.ts";
import { agentOf } from "../../contract/identifiers.ts";
import { refusal } from "../../contract/refusal.ts";
import type { ChatPort } from "../../contract/user-api.ts";
import type { AgentCalls } from "../link/agent-calls.ts";
import type { Feed } from "./feed.ts";

type Conversations = Pick<ChatPort, "conversations" | "history" | "rename" | "delete">;

/** What users do with their conversations, which live on the agents. */
export function openConversations(options: {
  calls: AgentCalls;
  feed: Pick<Feed, "announce">;
  agentIds: readonly string[];
}): Conversations {
  const { calls, feed, agentIds } = options;

  /** Asks the agent that has the conversation. */
  async function ask<T>(
    conversationId: string,
    question: (agent: TRPCClient<AgentRouter>) => Promise<T>,
  ): Promise<T> {
    const agentId = agentOf(conversationId);
    if (!agentIds.includes(agentId)) throw refusal("not-found", "没有这个会话");
    try {
      return await question(calls.client(agentId));
    } catch (error) {
      throw refusalOf(error);
    }
  }

  return {
    /** Of all agents; when none of them answers, the refusal of the first. */
    async conversations(userId, signal) {
      const answers = await Promise.allSettled(
        agentIds.map((agentId) => calls.client(agentId).conversations.list.query({ userId }, within(signal))),
      );
      const found = answers.filter((answer) => answer.status === "fulfilled");
      const failed = answers.find((answer) => answer.status === "rejected");
      if (found.length === 0 && failed) throw refusalOf(failed.reason);
      return found.flatMap((answer) => answer.value).sort((a, b) => b.updatedAt - a.updatedAt);
    },

    history: (userId, request, signal) =>
      ask(request.conversationId, ({ conversations }) =>
        conversations.history.query({ userId, ...request }, within(signal)),
      ),

    async rename(userId, conversationId, title, signal) {
      await ask(conversationId, ({ conversations }) =>
        conversations.rename.mutate({ userId, conversationId, title }, within(signal)),
      );
      await feed.announce(userId, { t: "conversation", id: conversationId, title });
    },

    async delete(userId, conversationId, signal) {
      await ask(conversationId, ({ conversations }) =>
        conversations.delete.mutate({ userId, conversationId }, within(signal)),
      );
      await feed.announce(userId, { t: "conversation-deleted", id: conversationId });
    },
  };
}

function within(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** tRPC's client wraps what its link threw; users get the refusal itself. */
function refusalOf(error: unknown): unknown {
  return error instanceof Error && error.cause ? error.cause : error;
}
