import type { RedisClient } from "../redis/connect.ts";
import { wecomKeys } from "../redis/keys.ts";

/** A message that was given up. */
export interface DeadLetter {
  /** The message as it was queued (JSON). */
  item: string;
  /** WeCom's errcode; undefined when there was no answer. */
  code: number | undefined;
  /** Why, in Chinese. */
  reason: string;
  /** When (ms). */
  at: number;
}

/** The newest messages that were given up, newest first; about 1,000 are kept. */
export async function listDead(redis: RedisClient, count: number): Promise<DeadLetter[]> {
  const entries = await redis.xrevrange(wecomKeys.dead, "+", "-", "COUNT", count);
  return entries.map(([, fields]) => {
    const field = (name: string) => fields[fields.indexOf(name) + 1] ?? "";
    const code = field("code");
    return {
      item: field("item"),
      code: code === "" ? undefined : Number(code),
      reason: field("reason"),
      at: Number(field("at")),
    };
  });
}

export interface DeadLetterCount {
  /** Of those that are kept. */
  count: number;
  /** The newest one. Neither whom it was for nor its reason: WeCom's words may name a member. */
  newest?: Pick<DeadLetter, "code" | "at">;
}

/** How many messages were given up, for everybody to see. */
export async function countDead(redis: RedisClient): Promise<DeadLetterCount> {
  const [count, [newest]] = await Promise.all([redis.xlen(wecomKeys.dead), listDead(redis, 1)]);
  return newest ? { count, newest: { at: newest.at, code: newest.code } } : { count };
}
