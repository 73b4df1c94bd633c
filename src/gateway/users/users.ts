import { refusal } from "../../contract/refusal.ts";
import type { User } from "../../contract/user.ts";
import type { RedisClient } from "../redis/connect.ts";
import { identityKey, userKeys } from "../redis/keys.ts";
import { derivedId } from "./derived-id.ts";

export interface Users {
  /** The user whom an identity of a channel belongs to (a WeCom member, a mini-program openid), made at first sight. */
  identify(channel: string, outsideId: string): Promise<string>;
  /** @throws refusal `not-signed-in` for a user that is gone */
  get(userId: string): Promise<User>;
}

export function openUsers(redis: RedisClient): Users {
  return {
    async identify(channel, outsideId) {
      const key = identityKey(channel, outsideId);
      const known = await redis.get(key);
      if (known !== null) return known;
      const userId = `u${derivedId(channel, outsideId)}`;
      await redis.hsetnx(userKeys(userId).record, "created", String(Date.now()));
      await redis.set(key, userId, "NX");
      return (await redis.get(key)) ?? userId;
    },

    async get(userId) {
      const { created, name } = await redis.hgetall(userKeys(userId).record);
      if (created === undefined) throw refusal("not-signed-in", "登录已失效，请重新登录");
      return { id: userId, createdAt: Number(created), ...(name === undefined ? {} : { name }) };
    },
  };
}
