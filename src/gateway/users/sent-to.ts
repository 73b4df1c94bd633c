import type { RedisClient } from "../redis/connect.ts";
import { JOB_TTL_SECONDS, userKeys } from "../redis/keys.ts";
import { derivedId } from "./derived-id.ts";
import type { Users } from "./users.ts";

/**
 * The agent that gets a message or task: the user's at the time when it was first sent. Without the note, a repeat after
 * the user has chosen another agent would be a second one.
 */
export async function sentTo(
  parts: { redis: RedisClient; users: Pick<Users, "agentFor">; agentIds: readonly string[] },
  userId: string,
  idempotencyKey: string,
): Promise<string> {
  const { redis, users, agentIds } = parts;
  const chosen = await users.agentFor(userId);
  const key = userKeys(userId).sentTo(derivedId(idempotencyKey));
  const [, noted] = await Promise.all([redis.set(key, chosen, "EX", JOB_TTL_SECONDS, "NX"), redis.get(key)]);
  return noted !== null && agentIds.includes(noted) ? noted : chosen;
}
