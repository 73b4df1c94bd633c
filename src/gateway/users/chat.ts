import { agentOf } from "../../contract/identifiers.ts";
import { refusal } from "../../contract/refusal.ts";
import type { ChatMessage, ChatPort, SentMessage } from "../../contract/user-api.ts";
import type { JobSource, JobStore } from "../jobs/job-store.ts";
import type { AgentCalls } from "../link/agent-calls.ts";
import type { RedisClient } from "../redis/connect.ts";
import { openConversations } from "./conversations.ts";
import { derivedId } from "./derived-id.ts";
import type { Feed } from "./feed.ts";
import { sentTo } from "./sent-to.ts";
import type { Users } from "./users.ts";

export interface Chat {
  /** Puts a user's message into the queue, once per idempotency key, whatever channel it came in by. */
  send(userId: string, message: ChatMessage, source: JobSource): Promise<SentMessage>;
  /** The id of a conversation on the user's agent that begins with that key; the same key gives the same one. */
  newConversationId(userId: string, key: string): Promise<string>;
  /** The same as the user API's chat procedures see it. */
  port(channel: string): ChatPort;
}

export function openChat(options: {
  redis: RedisClient;
  jobs: JobStore;
  users: Pick<Users, "agentFor">;
  feed: Feed;
  calls: AgentCalls;
  agentIds: readonly string[];
}): Chat {
  const { jobs, users, feed, agentIds } = options;
  const conversations = openConversations(options);

  async function send(userId: string, message: ChatMessage, source: JobSource): Promise<SentMessage> {
    const { text, replaces, idempotencyKey } = message;
    const conversationId =
      message.conversationId ??
      conversationOn(await sentTo(options, userId, idempotencyKey), userId, idempotencyKey);
    const agentId = agentOf(conversationId);
    if (!agentIds.includes(agentId))
      throw refusal("agent-unknown", "这个会话所在的智能体已不再使用，请新建会话");
    const jobId = `${agentId}.${derivedId("job", userId, idempotencyKey)}`;
    const job = { id: jobId, kind: "turn", userId, conversationId, text, createdAt: Date.now() } as const;
    // At the same time: a note that comes late, when the job has ended, is not taken.
    await Promise.all([
      jobs.enqueue(replaces === undefined ? job : { ...job, replaces }, source),
      feed.noteOpen(userId, jobId),
    ]);
    return { jobId, conversationId };
  }

  return {
    send,
    newConversationId: async (userId, key) => conversationOn(await users.agentFor(userId), userId, key),
    port: (channel) => ({
      send: (userId, message) => send(userId, message, { channel, origin: "" }),
      ...conversations,
    }),
  };
}

function conversationOn(agentId: string, userId: string, key: string): string {
  return `${agentId}.${derivedId("conversation", userId, key)}`;
}
