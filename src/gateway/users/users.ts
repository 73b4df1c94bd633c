import { refusal } from "../../contract/refusal.ts";
import type { Profile, User } from "../../contract/user.ts";
import type { RedisClient } from "../redis/connect.ts";
import { identityKey, userKeys } from "../redis/keys.ts";
import { derivedId } from "./derived-id.ts";
import { personOf } from "./person-of.ts";

export interface Users {
  /** The user whom an identity of a channel belongs to (a WeCom member, a mini-program openid), made at first sight. */
  identify(channel: string, outsideId: string): Promise<string>;
  /** @throws refusal `not-signed-in` for a user that is gone */
  get(userId: string): Promise<User>;
  /** The agent for a user's new conversations and tasks: the chosen one while it is configured, else the first. */
  agentFor(userId: string): Promise<string>;
  /** @throws refusal `agent-unknown` */
  setAgent(userId: string, agentId: string): Promise<User>;
  /** Changes what the profile holds; the rest stays. */
  setProfile(userId: string, profile: Profile): Promise<User>;
}

/**
 * @param agentIds of the agents configured, the first of them being everybody's until they choose
 * @param onChange told of each change that a user makes
 */
export function openUsers(
  redis: RedisClient,
  agentIds: readonly string[],
  onChange: (userId: string) => Promise<void> = () => Promise.resolve(),
): Users {
  const usable = (agentId: string | null | undefined) =>
    typeof agentId === "string" && agentIds.includes(agentId) ? agentId : agentIds[0];

  async function get(userId: string): Promise<User> {
    const { created, name, avatar, agent, bound } = await redis.hgetall(userKeys(userId).record);
    if (created === undefined) throw refusal("not-signed-in", "登录已失效，请重新登录");
    const agentId = usable(agent);
    return {
      id: userId,
      createdAt: Number(created),
      ...(name === undefined ? {} : { name }),
      ...(avatar === undefined ? {} : { avatar }),
      ...(agentId === undefined ? {} : { agentId }),
      bound: bound !== undefined,
    };
  }

  async function change(userId: string, fields: Record<string, string>): Promise<User> {
    if (Object.keys(fields).length > 0) {
      await redis.hset(userKeys(userId).record, fields);
      await onChange(userId);
    }
    return await get(userId);
  }

  return {
    async identify(channel, outsideId) {
      const key = identityKey(channel, outsideId);
      const known = await redis.get(key);
      if (known !== null) return await personOf(redis, known);
      const userId = `u${derivedId(channel, outsideId)}`;
      await redis.hsetnx(userKeys(userId).record, "created", String(Date.now()));
      await redis.set(key, userId, "NX");
      return (await redis.get(key)) ?? userId;
    },
    get,
    async agentFor(userId) {
      return usable(await redis.hget(userKeys(userId).record, "agent")) ?? "";
    },
    async setAgent(userId, agentId) {
      if (!agentIds.includes(agentId)) throw refusal("agent-unknown", "没有这个智能体，请重新选择");
      return await change(userId, { agent: agentId });
    },
    setProfile: (userId, { name, avatar }) =>
      change(userId, {
        ...(name === undefined ? {} : { name }),
        ...(avatar === undefined ? {} : { avatar }),
      }),
  };
}
