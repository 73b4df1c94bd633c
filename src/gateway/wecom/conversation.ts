import type { RedisClient } from "../redis/connect.ts";
import { userKeys } from "../redis/keys.ts";
import type { Chat } from "../users/chat.ts";
import { agentOf } from "../../contract/identifiers.ts";

/** A WeCom chat has no conversations of its own: each member goes on with one until they ask for a new one. */
export interface ChannelConversation {
  current(userId: string): Promise<string>;
  /** Begins a new one; the same key again begins the same one. */
  begin(userId: string, key: string): Promise<void>;
}

export function openChannelConversation(options: {
  redis: RedisClient;
  chat: Chat;
  channel: string;
  agentIds: readonly string[];
}): ChannelConversation {
  const { redis, chat, channel, agentIds } = options;
  const key = (userId: string) => userKeys(userId).conversation(channel);
  return {
    async current(userId) {
      const known = await redis.get(key(userId));
      // An agent that is no longer configured took its conversations with it.
      if (known !== null && agentIds.includes(agentOf(known))) return known;
      const first = chat.newConversationId(userId, channel);
      await redis.set(key(userId), first);
      return first;
    },
    async begin(userId, newKey) {
      await redis.set(key(userId), chat.newConversationId(userId, newKey));
    },
  };
}
