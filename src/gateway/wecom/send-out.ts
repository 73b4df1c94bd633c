import type { RedisClient } from "../redis/connect.ts";
import type { WecomMessages } from "./api.ts";
import type { WecomApiError } from "./api-error.ts";
import { noteSentCode } from "./card-code.ts";
import { completeClaim, dropClaim, putBackClaim, type QueuedMessage } from "./claim.ts";
import { markRepeat } from "./repeat-mark.ts";

/** Hands a claimed message to WeCom, and keeps what updates it when it is a card. @throws WecomApiError */
export async function sendOut(
  parts: { redis: RedisClient; api: WecomMessages; duplicateCheckSeconds: number },
  message: QueuedMessage,
  signal: AbortSignal,
): Promise<void> {
  const { redis, api, duplicateCheckSeconds } = parts;
  const { member, type, card, code = "" } = message;
  if (type === "card_update") {
    await api.updateCard({ member, responseCode: code, content: message.content }, signal);
    return;
  }
  // No card is equal to another: each has its task_id.
  const content =
    type === "template_card" ? message.content : markRepeat(message.content, message.repeats ?? 0);
  const { responseCode } = await api.sendMessage({ member, type, content, duplicateCheckSeconds }, signal);
  if (card !== undefined && responseCode !== undefined) await noteSentCode(redis, card, responseCode);
}

/** An update of a card that has no response_code (left): it is not even tried. */
export function lacksCode({ type, code = "" }: QueuedMessage): boolean {
  return type === "card_update" && code === "";
}

/**
 * What to do with a card, or the update of one, that WeCom has refused: nothing, when an earlier attempt without an answer
 * must have got through; otherwise an update is tried with a newer code, if there is one, and what was to be sent instead
 * comes next. False when there is nothing to be sent instead of a card.
 */
export async function settleRefusedCard(
  redis: RedisClient,
  claimed: { raw: string; message: QueuedMessage },
  error: WecomApiError,
): Promise<boolean> {
  const { message } = claimed;
  const isUpdate = message.type === "card_update";
  // "Known already" is not among the documented errors; a card that is not understood at all is.
  if (message.unanswered > 1 && (isUpdate || error.kind === "unknown")) {
    await completeClaim(redis, message);
    return true;
  }
  if (!isUpdate) return await sendInstead(redis, claimed);
  const { code: _, ...next } = message;
  await putBackClaim(redis, claimed, { ...next, unanswered: 0 }, 0);
  return true;
}

/** Puts in its place what is to be sent instead; an update without any just goes. False: a message without any. */
export async function sendInstead(
  redis: RedisClient,
  claimed: { raw: string; message: QueuedMessage },
): Promise<boolean> {
  const { id, member, type, otherwise = [] } = claimed.message;
  const [next, ...rest] = otherwise;
  if (next) {
    const substitutes = rest.length === 0 ? {} : { otherwise: rest };
    const fresh = { id, member, ...next, ...substitutes, attempts: 0, unanswered: 0 };
    await putBackClaim(redis, claimed, fresh, 0);
    return true;
  }
  if (type !== "card_update") return false;
  await dropClaim(redis, claimed);
  return true;
}
