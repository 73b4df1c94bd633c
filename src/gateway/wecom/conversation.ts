import { agentOf } from "../../contract/identifiers.ts";
import type { RedisClient } from "../redis/connect.ts";
import { userKeys } from "../redis/keys.ts";
import type { Chat } from "../users/chat.ts";
import type { Users } from "../users/users.ts";

/**
 * A WeCom chat has no conversations of its own: each member goes on with one until they ask for a new one or choose
 * another agent.
 */
export interface ChannelConversation {
  current(userId: string): Promise<string>;
  /** Begins a new one; the same key again begins the same one. */
  begin(userId: string, key: string): Promise<void>;
}

export function openChannelConversation(options: {
  redis: RedisClient;
  chat: Pick<Chat, "newConversationId">;
  users: Pick<Users, "agentFor">;
  channel: string;
}): ChannelConversation {
  const { redis, chat, users, channel } = options;
  const key = (userId: string) => userKeys(userId).conversation(channel);
  return {
    async current(userId) {
      const [known, agentId] = await Promise.all([redis.get(key(userId)), users.agentFor(userId)]);
      if (known !== null && agentOf(known) === agentId) return known;
      // Another agent was chosen, or theirs is no longer configured and took its conversations with it.
      const next = await chat.newConversationId(userId, known === null ? channel : `${channel}:${known}`);
      await redis.set(key(userId), next);
      return next;
    },
    async begin(userId, newKey) {
      await redis.set(key(userId), await chat.newConversationId(userId, newKey));
    },
  };
}
