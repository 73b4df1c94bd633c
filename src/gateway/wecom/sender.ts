import { pause } from "../../backoff.ts";
import type { Logger } from "../../log.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { wecomKeys } from "../redis/keys.ts";
import type { WecomMessages } from "./api.ts";
import { DELIVERY_LIMITS, deliverNext, type Delivery, type DeliveryLimits } from "./deliver.ts";

export interface SenderLimits extends DeliveryLimits {
  /** Members that are sent to at the same time; WeCom answers in some 100 ms. */
  members: number;
  /** How long requests in flight may still take when the sender stops. */
  drainMs: number;
}

const SENDER_LIMITS: SenderLimits = { ...DELIVERY_LIMITS, members: 16, drainMs: 5_000 };
/** A wake-up may be missed (Redis was away), so the queue is looked at this often. */
const LOOK_AT_LEAST_EVERY_MS = 1_000;

/**
 * Sends what is in the outbox until the signal aborts: up to 16 members at a time, each member's messages one after
 * the other. For the gateway that holds `wecomKeys.lease`; two at once for a moment do no harm, for both send the same
 * bytes, which WeCom delivers once. Throws when Redis is away.
 */
export async function runSender(options: {
  redis: RedisClient;
  hub: Hub;
  api: WecomMessages;
  log: Logger;
  signal: AbortSignal;
  limits?: Partial<SenderLimits>;
}): Promise<void> {
  const { redis, hub, api, log, signal } = options;
  if (signal.aborted) return;
  const limits = { ...SENDER_LIMITS, ...options.limits };
  const abandon = new AbortController();
  const delivery: Delivery = { redis, api, log, limits, abandon: abandon.signal };
  const active = new Map<string, Promise<void>>();
  const wake = openWake(signal);

  try {
    await hub.listen(wecomKeys.due, wake.ring, signal);
    while (!signal.aborted) await wake.wait(await startDue());
  } finally {
    await drain();
  }

  /** Starts with the members that are due; returns when to look again (ms from now). */
  async function startDue(): Promise<number> {
    const heldMs = await redis.pttl(wecomKeys.hold);
    if (heldMs > 0) return Math.min(heldMs, LOOK_AT_LEAST_EVERY_MS);
    // Those in work are among them, so one more than the limit always shows the next one.
    const first = await redis.zrange(wecomKeys.due, "0", String(limits.members), "WITHSCORES");
    for (let at = 0; at < first.length; at += 2) {
      const member = first[at] ?? "";
      const dueInMs = Number(first[at + 1]) - Date.now();
      if (dueInMs > 0) return Math.min(dueInMs, LOOK_AT_LEAST_EVERY_MS);
      if (active.size >= limits.members || signal.aborted) break;
      if (!active.has(member)) active.set(member, work(member));
    }
    return LOOK_AT_LEAST_EVERY_MS;
  }

  async function work(member: string): Promise<void> {
    try {
      let goOn = true;
      while (goOn && !signal.aborted) goOn = await deliverNext(delivery, member);
      wake.ring();
    } catch (error) {
      // Redis is away, most likely. The member stays due; without a ring the next look is a moment away.
      if (!abandon.signal.aborted) log.warn("企业微信发件中断，稍后继续", { member, error });
    } finally {
      active.delete(member);
    }
  }

  async function drain(): Promise<void> {
    const inFlight = Promise.all(active.values());
    const settled = new AbortController();
    await Promise.race([inFlight.finally(() => settled.abort()), pause(limits.drainMs, settled.signal)]);
    abandon.abort();
    await inFlight;
  }
}

/** A bell: `wait` ends when it rings (or has rung since the last wait), after a while, or with the signal. */
function openWake(signal: AbortSignal): { ring(): void; wait(ms: number): Promise<void> } {
  let rung = new AbortController();
  signal.addEventListener("abort", () => rung.abort(), { once: true });
  return {
    ring: () => rung.abort(),
    async wait(ms) {
      await pause(ms, rung.signal);
      if (!signal.aborted) rung = new AbortController();
    },
  };
}
