import { randomUUID } from "node:crypto";
import { type CardPress, openCards } from "./wecom-cards.ts";

/** A message that reached a member's phone. */
export interface SentMessage {
  id: string;
  member: string;
  msgtype: "text" | "markdown" | "template_card";
  /** The text; for a card its JSON, as it now is. */
  content: string;
  /** When it arrived (ms). */
  at: number;
  /** It was longer than WeCom takes, and the end is missing. */
  cut: boolean;
}

/** `duplicate` and `too-many` are answered like a delivery, but nothing arrives. */
export type DeliveryOutcome = "delivered" | "duplicate" | "too-many";

/** WeCom's answer to message/send. */
export type SendAnswer =
  | {
      errcode: 0;
      errmsg: "ok";
      msgid: string;
      invaliduser: string;
      /** Of a card that was delivered. */
      response_code?: string;
      outcome: DeliveryOutcome;
    }
  | { errcode: number; errmsg: string; outcome: "refused" };

/** WeCom's answer to message/update_template_card. */
export type UpdateAnswer = { errcode: number; errmsg: string; outcome: "updated" | "refused" };

export interface Members {
  send(body: Record<string, unknown>): SendAnswer;
  /** Changes a card on its member's phone. */
  update(body: Record<string, unknown>): UpdateAnswer;
  /** Whose card it is presses a button of it; undefined when it is no card, or has no such button. */
  press(messageId: string, key: string): CardPress | undefined;
  all(): SentMessage[];
  list(member: string): SentMessage[];
  /** Tells of each delivery, and of a card again when it is changed. */
  onSent(listener: (message: SentMessage) => void): () => void;
  reject(member: string): void;
}

const CONTENT_MAX_BYTES = 2_048;
const PER_MINUTE = 30;
const DEFAULT_DUPLICATE_CHECK_SECONDS = 1_800;
const MAX_DUPLICATE_CHECK_SECONDS = 4 * 3_600;

/** What WeCom does with a message for members, as path/90236 says: limits, the duplicate check, silent drops. */
export function openMembers(options: { agentId: number; now: () => number }): Members {
  const { agentId, now } = options;
  const everything: SentMessage[] = [];
  const byMember = new Map<string, SentMessage[]>();
  const listeners = new Set<(message: SentMessage) => void>();
  const rejected = new Set<string>();
  const lastAccepted = new Map<string, number>();
  const cards = openCards(now);

  const tell = (message: SentMessage) => {
    for (const listener of listeners) listener(message);
  };

  function send(body: Record<string, unknown>): SendAnswer {
    if (typeof body["agentid"] !== "number") return refuse(40056, "invalid agentid");
    if (body["agentid"] !== agentId) return refuse(301002, "not allow operate another agent with this token");
    const msgtype = body["msgtype"];
    if (msgtype !== "text" && msgtype !== "markdown" && msgtype !== "template_card")
      return refuse(40008, "invalid message type");
    const content = contentOf(body, msgtype);
    if (content === undefined) return refuse(44004, "content empty");
    const touser = typeof body["touser"] === "string" ? body["touser"] : "";
    const receivers = touser.split("|").filter((member) => member !== "");
    const known = receivers.filter((member) => !rejected.has(member));
    if (known.length === 0) return refuse(81013, "user & party & tag all invalid");
    const msgid = randomUUID();
    const invaliduser = receivers.filter((member) => rejected.has(member)).join("|");
    const answer = { errcode: 0, errmsg: "ok", msgid, invaliduser } as const;
    if (msgtype === "template_card") return sendCard(body, content, known, answer);
    const outcomes = known.map((member) => deliver({ id: msgid, member, msgtype, content }, checkOf(body)));
    return { ...answer, outcome: outcomes[0] ?? "delivered" };
  }

  /** A card's id may be known because it is a duplicate: that is looked at first. */
  function sendCard(
    body: Record<string, unknown>,
    content: string,
    [member = ""]: readonly string[],
    answer: Pick<Extract<SendAnswer, { msgid: string }>, "errcode" | "errmsg" | "msgid" | "invaliduser">,
  ): SendAnswer {
    const message = { id: answer.msgid, member, msgtype: "template_card", content } as const;
    if (isDuplicate(message, checkOf(body))) return { ...answer, outcome: "duplicate" };
    const wrong = cards.check(body["template_card"]);
    if (wrong) return refuse(wrong.errcode, wrong.errmsg);
    const outcome = deliver(message, checkOf(body));
    if (outcome !== "delivered") return { ...answer, outcome };
    const card = body["template_card"] as Record<string, unknown>;
    return { ...answer, outcome, response_code: cards.sent(card, answer.msgid, member) };
  }

  function update(body: Record<string, unknown>): UpdateAnswer {
    const content = contentOf(body, "template_card");
    if (content === undefined) return refuse(40058, "template_card missing");
    const used = cards.use(body["response_code"], body["userids"]);
    if ("errcode" in used) return refuse(used.errcode, used.errmsg);
    const message = everything.find(({ id, member }) => id === used.messageId && member === used.member);
    if (!message) return refuse(40058, "no such message");
    message.content = content;
    tell(message);
    return { errcode: 0, errmsg: "ok", outcome: "updated" };
  }

  function isDuplicate(
    { member, msgtype, content }: Pick<SentMessage, "member" | "msgtype" | "content">,
    duplicateCheckMs: number,
  ): boolean {
    const last = lastAccepted.get(JSON.stringify([member, msgtype, content]));
    return last !== undefined && now() - last < duplicateCheckMs;
  }

  function deliver(
    message: Pick<SentMessage, "id" | "member" | "msgtype" | "content">,
    duplicateCheckMs: number,
  ): DeliveryOutcome {
    const { member, msgtype, content } = message;
    if (isDuplicate(message, duplicateCheckMs)) return "duplicate";
    lastAccepted.set(JSON.stringify([member, msgtype, content]), now());
    const earlier = byMember.get(member) ?? [];
    // The 30th from the end decides: is it less than a minute old?
    const thirtieth = earlier.at(-PER_MINUTE);
    if (thirtieth && thirtieth.at > now() - 60_000) return "too-many";
    const shown = msgtype === "template_card" ? content : cutAtBytes(content, CONTENT_MAX_BYTES);
    const delivered = { ...message, content: shown, at: now(), cut: shown !== content };
    everything.push(delivered);
    byMember.set(member, [...earlier.slice(1 - PER_MINUTE), delivered]);
    tell(delivered);
    return "delivered";
  }

  return {
    send,
    update,
    press(messageId, key) {
      const message = everything.find(({ id }) => id === messageId);
      return message && cards.press(messageId, message.content, key);
    },
    all: () => [...everything],
    list: (member) => everything.filter((message) => message.member === member),
    onSent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reject: (member) => rejected.add(member),
  };
}

function refuse(errcode: number, errmsg: string) {
  return { errcode, errmsg, outcome: "refused" } as const;
}

/** How long equal content is a duplicate (ms); 0 when the check is off. */
function checkOf(body: Record<string, unknown>): number {
  if (body["enable_duplicate_check"] !== 1) return 0;
  const asked = Number(body["duplicate_check_interval"] ?? DEFAULT_DUPLICATE_CHECK_SECONDS);
  return 1_000 * Math.min(asked, MAX_DUPLICATE_CHECK_SECONDS);
}

function contentOf(body: Record<string, unknown>, msgtype: SentMessage["msgtype"]): string | undefined {
  const part = body[msgtype];
  if (typeof part !== "object" || part === null) return undefined;
  if (msgtype === "template_card") return JSON.stringify(part);
  const content = "content" in part ? part.content : undefined;
  return typeof content === "string" && content !== "" ? content : undefined;
}

function cutAtBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  return new TextDecoder().decode(Buffer.from(text).subarray(0, maxBytes)).replace(/\uFFFD+$/, "");
}
