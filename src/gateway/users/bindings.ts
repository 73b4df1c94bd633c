import { pause } from "../../backoff.ts";
import { refusal } from "../../contract/refusal.ts";
import type { Logger } from "../../log.ts";
import { bindingKeys } from "../redis/keys.ts";
import { whileLeased } from "../redis/lease.ts";
import type { BindingCodes } from "./binding-codes.ts";
import { type JoinParts, moveBelongings, noteSamePerson, tellAgents } from "./join-users.ts";
import { IN_WECOM } from "./devices.ts";
import type { Feed } from "./feed.ts";
import type { Sessions } from "./sessions.ts";
import type { Users } from "./users.ts";

/** Requests that began before a join are over by then: what they have left behind is moved, and the join is finished. */
const SETTLED_MS = 2 * 60_000;
const LOOK_EVERY_MS = 20_000;

/** Makes one person of a WeCom member and a mini-program user. */
export interface Bindings {
  /** A code that makes whoever enters it in the mini-program the same person as this WeCom member. */
  newCode(userId: string): Promise<{ code: string; validMs: number } | "too-many">;
  /**
   * Joins a mini-program user to the WeCom member whose code this is, and returns the latter: the one who stands for both
   * from now on. Broken off, it goes on when called again, or by itself.
   * @throws refusal `code-refused` (wrong, used or too old), `code-locked` (too many wrong ones: wait)
   */
  bind(userId: string, code: string): Promise<string>;
  /** Finishes joins until the signal aborts; one gateway at a time does this. */
  run(signal: AbortSignal): Promise<void>;
}

export function openBindings(
  parts: JoinParts & {
    codes: BindingCodes;
    users: Pick<Users, "get">;
    sessions: Pick<Sessions, "moved">;
    feed: Pick<Feed, "announce">;
    gatewayId: string;
    log: Logger;
    settledMs?: number;
    lookEveryMs?: number;
  },
): Bindings {
  const { redis, restarts, codes, users, devices, sessions, feed, gatewayId, log } = parts;
  const { settledMs = SETTLED_MS, lookEveryMs = LOOK_EVERY_MS } = parts;
  const nameOf = (from: string, to: string) => `${from} ${to}`;

  /** The join is noted before anything else happens: who finds the note does all of it. */
  async function join(from: string, to: string): Promise<boolean> {
    const name = nameOf(from, to);
    await restarts.surely(() => redis.zadd(bindingKeys.joins, "NX", Date.now(), name));
    if (await carryOn(from, to)) return true;
    await redis.zrem(bindingKeys.joins, name);
    return false;
  }

  async function carryOn(from: string, to: string): Promise<boolean> {
    if (!(await noteSamePerson(parts, from, to))) return false;
    await tellAgents(parts, from, to);
    await moveBelongings(parts, from, to);
    await feed.announce(to, { t: "user" });
    await sessions.moved(from, to);
    return true;
  }

  /** Only a mini-program's user joins another: a member who did would have to be followed through chains of joins. */
  async function isMember(userId: string): Promise<boolean> {
    return (await devices.list(userId)).some(({ channel }) => channel === IN_WECOM);
  }

  async function finishJoins(signal: AbortSignal): Promise<void> {
    // At first all of them: the gateway that began one may be gone.
    for (let settledBy = Infinity; !signal.aborted; settledBy = Date.now() - settledMs) {
      const names = await redis.zrangebyscore(bindingKeys.joins, "-inf", settledBy, "WITHSCORES");
      for (let i = 0; i + 1 < names.length && !signal.aborted; i += 2) {
        const [name = "", beganAt = "0"] = names.slice(i, i + 2);
        const isSettled = Date.now() - Number(beganAt) > settledMs;
        const [from = "", to = ""] = name.split(" ");
        const isRight = await carryOn(from, to);
        if (isSettled || !isRight) await redis.zrem(bindingKeys.joins, name);
      }
      await pause(lookEveryMs, signal);
    }
  }

  return {
    newCode: (userId) => codes.make(userId),

    async bind(userId, code) {
      const { bound = false } = await users.get(userId);
      const member = await isMember(userId);
      const redeemed = await codes.redeem(userId, code, !bound && !member);
      if (redeemed === "locked") {
        log.warn("绑定码输错次数太多，暂时不能绑定", { userId });
        throw refusal("code-locked", "绑定码输错次数太多，请 15 分钟后再试");
      }
      if (redeemed === "wrong" && member)
        throw refusal("code-refused", "你已经以企业微信成员的身份登录，不用绑定");
      if (redeemed === "wrong" && bound)
        throw refusal("code-refused", "这个账号已经绑定了企业微信，不能再绑定另一个");
      if (redeemed === "wrong")
        throw refusal("code-refused", "绑定码不对或已失效，请在企业微信发送 /bind 获取新的");
      const { owner } = redeemed;
      // Their own code: the answer to joining was lost, and they ask again as the one they have become.
      if (owner === userId) return owner;
      if (!(await join(userId, owner)))
        throw refusal("code-refused", "这个账号已经绑定了企业微信，不能再绑定另一个");
      log.info("企业微信成员与小程序用户已绑定", { from: userId, to: owner });
      return owner;
    },

    run: (signal) =>
      whileLeased({ redis, key: bindingKeys.lease, owner: gatewayId, log, signal }, finishJoins),
  };
}
