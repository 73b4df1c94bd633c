import { backoffMs } from "../../backoff.ts";
import type { Logger } from "../../log.ts";
import type { RedisClient } from "../redis/connect.ts";
import { wecomKeys } from "../redis/keys.ts";
import { WecomApiError } from "./api-error.ts";
import type { WecomMessages } from "./api.ts";
import {
  buryClaim,
  claimNext,
  completeClaim,
  type PaceLimits,
  putBackClaim,
  type QueuedMessage,
  type Trouble,
} from "./claim.ts";
import { recordProblem } from "./problem.ts";
import { lacksCode, sendInstead, sendOut, settleRefusedCard } from "./send-out.ts";

export interface DeliveryLimits extends PaceLimits {
  /** How soon to look whether an administrator has acted. */
  configurationRetryMs: number;
  /** The first pause for everybody when WeCom finds us too frequent; doubles up to 16 times that. */
  tooOftenPauseMs: number;
  /** The first retry when WeCom is busy or silent; doubles. */
  firstRetryMs: number;
  maxRetryMs: number;
  /** A message that fails for so long without an administrator being able to help is given up. */
  giveUpMs: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = {
  // WeCom silently drops what exceeds 30 a minute or 1,000 an hour to one member (path/90236).
  perMinute: 28,
  perHour: 950,
  // The longest WeCom allows: a message without an answer can be repeated safely for so long. Its default is 1,800 s.
  duplicateCheckSeconds: 4 * 3_600,
  configurationRetryMs: 60_000,
  // WeCom's penalty for the minute's limit is 60 s, for the hour's 60 min (path/90454).
  tooOftenPauseMs: 60_000,
  firstRetryMs: 1_000,
  maxRetryMs: 60_000,
  giveUpMs: 24 * 3_600_000,
};
const PAUSE_DOUBLINGS_MAX = 4;

export interface Delivery {
  redis: RedisClient;
  api: WecomMessages;
  log: Logger;
  limits: DeliveryLimits;
  /** Aborts requests in flight; what they were sending stays in the outbox as it is. */
  abandon: AbortSignal;
}

interface Claimed {
  raw: string;
  message: QueuedMessage;
}

/** Sends the member's next message if it may be sent now; true when it makes sense to go on with the one after it. */
export async function deliverNext(delivery: Delivery, member: string): Promise<boolean> {
  const { redis, api, log, limits, abandon } = delivery;
  const claim = await claimNext(redis, member, limits);
  if (claim.state === "unreadable") {
    log.error("发件箱里有无法读取的消息，已移入死信", { member });
    await buryClaim(redis, member, claim.raw, { code: undefined, reason: "无法读取" });
    return true;
  }
  if (claim.state !== "claimed") return claim.state === "changed";
  if (lacksCode(claim.message)) {
    log.info("企业微信卡片已不能更新，改发新消息", { member, id: claim.message.id });
    return await sendInstead(redis, claim);
  }
  try {
    const { duplicateCheckSeconds } = limits;
    await sendOut({ redis, api, duplicateCheckSeconds }, claim.message, abandon);
  } catch (error) {
    if (!(error instanceof WecomApiError)) throw error;
    // It may be out. The same bytes again are swallowed by WeCom, so the next sender simply tries again.
    if (abandon.aborted) return false;
    return await handleFailure(delivery, claim, error);
  }
  const { recovered } = await completeClaim(redis, claim.message);
  if (recovered) log.info("企业微信消息恢复发送");
  return true;
}

/** Decides what becomes of a message that was not sent; true when it is out of the way. */
async function handleFailure(delivery: Delivery, claimed: Claimed, error: WecomApiError): Promise<boolean> {
  const trouble = troubleAfter(claimed.message, error);
  if (error.kind === "recipient") return await giveUp(delivery, claimed, error);
  if (isCard(claimed.message) && (error.kind === "content" || error.kind === "unknown")) {
    const { member, id } = claimed.message;
    delivery.log.warn("企业微信没有接受卡片，改用别的方式", { member, id, code: error.code, error });
    return (
      (await settleRefusedCard(delivery.redis, claimed, error)) || (await giveUp(delivery, claimed, error))
    );
  }
  if (error.kind === "content") return await giveUp(delivery, claimed, error);
  if (error.kind === "configuration") {
    await waitForAdministrator(delivery, claimed, error, trouble);
    return false;
  }
  if (Date.now() - trouble.since >= delivery.limits.giveUpMs) return await giveUp(delivery, claimed, error);
  await retryLater(delivery, claimed, error, trouble);
  return false;
}

async function waitForAdministrator(
  delivery: Delivery,
  claimed: Claimed,
  error: WecomApiError,
  trouble: Trouble,
): Promise<void> {
  const { redis, log, limits } = delivery;
  const { code = 0, message, ip } = error;
  const problem = { code, message, ...(ip === undefined ? {} : { ip }), at: Date.now() };
  const isNew = await recordProblem(redis, problem);
  // One member's problem goes on record and off again while others are sent to.
  if (isNew && (error.concernsEveryone || trouble.tries === 1))
    log.error("企业微信消息发不出去，需要管理员处理", { code, error });
  if (error.concernsEveryone) await holdEverybody(delivery, limits.configurationRetryMs);
  await putBackClaim(redis, claimed, retryOf(claimed.message, error, trouble), limits.configurationRetryMs);
}

async function retryLater(
  delivery: Delivery,
  claimed: Claimed,
  error: WecomApiError,
  trouble: Trouble,
): Promise<void> {
  const { redis, log, limits } = delivery;
  const { member, id } = claimed.message;
  if (trouble.tries === 1) log.warn("企业微信消息暂时发不出去，稍后重试", { member, id, error });
  let delayMs = backoffMs(trouble.tries - 1, { firstMs: limits.firstRetryMs, maxMs: limits.maxRetryMs });
  if (error.concernsEveryone) {
    delayMs = limits.tooOftenPauseMs * 2 ** Math.min(trouble.tries - 1, PAUSE_DOUBLINGS_MAX);
    await holdEverybody(delivery, delayMs);
  }
  await putBackClaim(redis, claimed, retryOf(claimed.message, error, trouble), delayMs);
}

async function giveUp(delivery: Delivery, claimed: Claimed, error: WecomApiError): Promise<boolean> {
  const { member, id } = claimed.message;
  delivery.log.error("企业微信消息无法送达，已移入死信", { member, id, code: error.code, error });
  await buryClaim(delivery.redis, member, claimed.raw, { code: error.code, reason: error.message });
  return true;
}

async function holdEverybody({ redis }: Delivery, pauseMs: number): Promise<void> {
  await redis.set(wecomKeys.hold, "1", "PX", Math.ceil(pauseMs));
}

function isCard({ type }: QueuedMessage): boolean {
  return type === "template_card" || type === "card_update";
}

/** How it is tried again: WeCom did not do what it refused. */
function retryOf(message: QueuedMessage, error: WecomApiError, trouble: Trouble): QueuedMessage {
  const unanswered = message.unanswered - (error.kind === "no-answer" ? 0 : 1);
  return { ...message, unanswered, trouble };
}

/** Failures of the same kind add up; another kind starts anew. */
function troubleAfter(message: QueuedMessage, error: WecomApiError): Trouble {
  const before = message.trouble;
  if (before?.kind === error.kind) return { ...before, tries: before.tries + 1 };
  return { kind: error.kind, tries: 1, since: Date.now() };
}
