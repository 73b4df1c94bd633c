import type { RedisClient } from "../redis/connect.ts";
import { JOB_TTL_SECONDS, userKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import { derivedId } from "./derived-id.ts";

// KEYS: the user, the note. ARGV: ttl, then the agents that are configured, the first of them everybody's until they choose.
const noteAgent = script(`
local function usable(agent)
  for i = 2, #ARGV do if ARGV[i] == agent then return agent end end
end
local noted = usable(redis.call('GET', KEYS[2]))
if noted then return noted end
local agent = usable(redis.call('HGET', KEYS[1], 'agent')) or ARGV[2]
redis.call('SET', KEYS[2], agent, 'EX', ARGV[1])
return agent`);

/**
 * The agent that gets a message or task: the user's at the time when it was first sent. Without the note, a repeat after
 * the user has chosen another agent would be a second one. Where there is only one to choose it costs nothing.
 */
export async function sentTo(
  { redis, agentIds }: { redis: RedisClient; agentIds: readonly string[] },
  userId: string,
  idempotencyKey: string,
): Promise<string> {
  const [only = ""] = agentIds;
  if (agentIds.length < 2) return only;
  const keys = userKeys(userId);
  return (await noteAgent(
    redis,
    [keys.record, keys.sentTo(derivedId(idempotencyKey))],
    [JOB_TTL_SECONDS, ...agentIds],
  )) as string;
}
