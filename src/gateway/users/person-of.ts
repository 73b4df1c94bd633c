import type { RedisClient } from "../redis/connect.ts";
import { userKeys } from "../redis/keys.ts";

/**
 * The user who stands for the same person: the one whom this user has joined, else this user. There are no chains: only
 * a mini-program user joins, only a WeCom member is joined, and whoever was joined never joins another.
 */
export async function personOf(redis: RedisClient, userId: string): Promise<string> {
  return (await redis.get(userKeys(userId).alias)) ?? userId;
}
