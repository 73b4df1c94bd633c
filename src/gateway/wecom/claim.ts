import { createHash } from "node:crypto";
import * as v from "valibot";
import type { RedisClient } from "../redis/connect.ts";
import { wecomKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import { TAKE_CODE_LUA } from "./card-code.ts";

/** Failures of one kind in a row, and when the first of them was (ms). */
const Trouble = v.object({ kind: v.string(), tries: v.number(), since: v.number() });
export type Trouble = v.InferOutput<typeof Trouble>;

const content = {
  type: v.picklist(["text", "markdown", "template_card", "card_update"]),
  content: v.string(),
  card: v.optional(v.string()),
};

/** A message at the head of a member's list. The optional numbers are there from its first attempt on. */
const QueuedMessage = v.object({
  id: v.string(),
  member: v.string(),
  ...content,
  otherwise: v.optional(v.array(v.object(content))),
  /** How its content is marked (repeat-mark.ts), fixed at the first attempt: a retry must send the same bytes. */
  repeats: v.optional(v.number()),
  attempts: v.optional(v.number(), 0),
  /** Attempts, this one included, of which nobody knows whether WeCom did what it was asked. */
  unanswered: v.optional(v.number(), 0),
  /** Of an update: the response_code it uses; empty when the card has none. */
  code: v.optional(v.string()),
  trouble: v.optional(Trouble),
});
export type QueuedMessage = v.InferOutput<typeof QueuedMessage>;

export type Claim =
  /** May be sent now, and must be settled afterwards with `raw`. */
  | { state: "claimed"; raw: string; message: QueuedMessage }
  /** Not a message; can only be buried. */
  | { state: "unreadable"; raw: string }
  /** `later`: pacing or a pause of the whole app. `changed`: another sender was here, look again. */
  | { state: "empty" | "later" | "changed" };

export interface PaceLimits {
  perMinute: number;
  perHour: number;
  /** How long WeCom, and so we, know a text again. */
  duplicateCheckSeconds: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A request may be on its way for so long before WeCom's interval starts. */
const DUPLICATE_CHECK_MARGIN_MS = 60_000;

// Before anything is sent, the attempt is on record: its time for the pacing, and the bytes that every retry sends.
const claim = script(`${TAKE_CODE_LUA}
local outbox, due, pace, hold, said, card = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local member, seen, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local head = redis.call('LINDEX', outbox, 0)
if not head then
  redis.call('ZREM', due, member)
  return {'empty'}
end
if head ~= seen then return {'changed'} end
if redis.call('PTTL', hold) > 0 then return {'later'} end

local item = cjson.decode(head)
local function claimed()
  item.attempts = (item.attempts or 0) + 1
  item.unanswered = (item.unanswered or 0) + 1
  local raw = cjson.encode(item)
  redis.call('LSET', outbox, 0, raw)
  return {'claimed', raw}
end
-- An update reaches no phone. With its last attempt unanswered it goes on with the same code, else with the newest.
if item.type == 'card_update' then
  if (item.unanswered or 0) == 0 then item.code = takeCode(card) or item.code or '' end
  return claimed()
end

redis.call('ZREMRANGEBYSCORE', pace, '-inf', now - ${HOUR_MS})
local free = 0
for _, rule in ipairs({{tonumber(ARGV[4]), ${MINUTE_MS}}, {tonumber(ARGV[5]), ${HOUR_MS}}}) do
  local nth = redis.call('ZREVRANGE', pace, rule[1] - 1, rule[1] - 1, 'WITHSCORES')
  if nth[2] then free = math.max(free, tonumber(nth[2]) + rule[2]) end
end
if free > now then
  redis.call('ZADD', due, free, member)
  return {'later'}
end

local knownFor = tonumber(ARGV[6])
if not item.repeats then
  redis.call('ZREMRANGEBYSCORE', said, '-inf', now - knownFor)
  item.repeats = 0
  while redis.call('ZSCORE', said, item.repeats) do item.repeats = item.repeats + 1 end
end
redis.call('ZADD', said, now, item.repeats)
redis.call('PEXPIRE', said, knownFor)
redis.call('ZADD', pace, now, item.id .. ':' .. ((item.attempts or 0) + 1))
redis.call('PEXPIRE', pace, ${HOUR_MS})
return claimed()`);

const removeHead = `
redis.call('LPOP', KEYS[1])
if redis.call('LLEN', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[2]) else redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2]) end
`;
// Sent is sent, even if another sender has claimed it too meanwhile: what that one sends is swallowed as a duplicate.
const complete = script(`
local head = redis.call('LINDEX', KEYS[1], 0)
if not head or cjson.decode(head).id ~= ARGV[1] then return 0 end
${removeHead}
return 1 + redis.call('DEL', KEYS[3])`);
// These leave the decision to the other sender, if there is one: then the message is not as it was claimed.
const drop = script(`
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
${removeHead}
return 1`);
const bury = script(`
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
${removeHead}
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 1000, '*', 'item', ARGV[1], 'code', ARGV[4], 'reason', ARGV[5], 'at', ARGV[3])
return 1`);
const putBack = script(`
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
redis.call('LSET', KEYS[1], 0, ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
return 1`);

/** Takes the member's next message for sending, unless it is too early; records the attempt in the same step. */
export async function claimNext(redis: RedisClient, member: string, limits: PaceLimits): Promise<Claim> {
  const head = await redis.lindex(wecomKeys.outbox(member), 0);
  const message = head === null ? undefined : parse(head);
  if (head !== null && !message) return { state: "unreadable", raw: head };
  const hash = createHash("sha1")
    .update(message?.content ?? "")
    .digest("hex");
  const keys = [
    wecomKeys.outbox(member),
    wecomKeys.due,
    wecomKeys.pace(member),
    wecomKeys.hold,
    wecomKeys.said(member, hash),
    wecomKeys.card(message?.card ?? ""),
  ];
  const knownForMs = limits.duplicateCheckSeconds * 1_000 + DUPLICATE_CHECK_MARGIN_MS;
  const args = [member, head ?? "", Date.now(), limits.perMinute, limits.perHour, knownForMs];
  const [state, raw] = (await claim(redis, keys, args)) as [Claim["state"], string?];
  const claimed = raw === undefined ? undefined : parse(raw);
  if (state !== "claimed" || raw === undefined || !claimed)
    return { state: state as "empty" | "later" | "changed" };
  return { state: "claimed", raw, message: claimed };
}

/** It was sent: removes it, and the problem on record; tells whether there was one. */
export async function completeClaim(
  redis: RedisClient,
  message: QueuedMessage,
): Promise<{ recovered: boolean }> {
  const { id, member } = message;
  const keys = [wecomKeys.outbox(member), wecomKeys.due, wecomKeys.problem];
  return { recovered: (await complete(redis, keys, [id, member, Date.now()])) === 2 };
}

/** It is not to be sent after all. */
export async function dropClaim(
  redis: RedisClient,
  { raw, message: { member } }: { raw: string; message: QueuedMessage },
): Promise<void> {
  await drop(redis, [wecomKeys.outbox(member), wecomKeys.due], [raw, member, Date.now()]);
}

/** It is given up: moves it to the dead letters. */
export async function buryClaim(
  redis: RedisClient,
  member: string,
  raw: string,
  why: { code: number | undefined; reason: string },
): Promise<void> {
  const keys = [wecomKeys.outbox(member), wecomKeys.due, wecomKeys.dead];
  await bury(redis, keys, [raw, member, Date.now(), why.code ?? "", why.reason]);
}

/** It is tried again after `delayMs`, as `next`. */
export async function putBackClaim(
  redis: RedisClient,
  claimed: { raw: string; message: QueuedMessage },
  next: QueuedMessage,
  delayMs: number,
): Promise<void> {
  const { member } = claimed.message;
  const keys = [wecomKeys.outbox(member), wecomKeys.due];
  await putBack(redis, keys, [claimed.raw, member, JSON.stringify(next), Math.ceil(Date.now() + delayMs)]);
}

function parse(raw: string): QueuedMessage | undefined {
  try {
    const parsed = v.safeParse(QueuedMessage, JSON.parse(raw));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
