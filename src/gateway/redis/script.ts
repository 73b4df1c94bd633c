import { createHash } from "node:crypto";
import type { RedisClient } from "./connect.ts";

/** A Lua script that Redis runs as one atomic step. Every key it touches is given in `keys`, with one hash tag. */
export interface Script {
  (redis: RedisClient, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
}

export function script(lua: string): Script {
  const sha = createHash("sha1").update(lua).digest("hex");
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      // A Redis that restarted, or another node of a Cluster, does not have it yet.
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await redis.eval(lua, keys.length, ...keys, ...args);
    }
  };
}
