import { randomUUID } from "node:crypto";

/** A message that reached a member's phone. */
export interface SentMessage {
  id: string;
  member: string;
  msgtype: "text" | "markdown" | "template_card";
  /** The text; for a card its JSON. */
  content: string;
  at: number;
  /** It was longer than WeCom takes, and the end is missing. */
  cut: boolean;
}

/** `duplicate` and `too-many` are answered like a delivery, but nothing arrives. */
export type DeliveryOutcome = "delivered" | "duplicate" | "too-many";

/** WeCom's answer to message/send. */
export type SendAnswer =
  | { errcode: 0; errmsg: "ok"; msgid: string; invaliduser: string; outcome: DeliveryOutcome }
  | { errcode: number; errmsg: string; outcome: "refused" };

export interface Members {
  send(body: Record<string, unknown>): SendAnswer;
  all(): SentMessage[];
  list(member: string): SentMessage[];
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
    const outcomes = known.map((member) => deliver({ id: msgid, member, msgtype, content }, checkOf(body)));
    const invaliduser = receivers.filter((member) => rejected.has(member)).join("|");
    return { errcode: 0, errmsg: "ok", msgid, invaliduser, outcome: outcomes[0] ?? "delivered" };
  }

  function deliver(
    message: Pick<SentMessage, "id" | "member" | "msgtype" | "content">,
    duplicateCheckMs: number,
  ): DeliveryOutcome {
    const { member, msgtype, content } = message;
    const same = JSON.stringify([member, msgtype, content]);
    const last = lastAccepted.get(same);
    if (last !== undefined && now() - last < duplicateCheckMs) return "duplicate";
    lastAccepted.set(same, now());
    const earlier = byMember.get(member) ?? [];
    // The 30th from the end decides: is it less than a minute old?
    const thirtieth = earlier.at(-PER_MINUTE);
    if (thirtieth && thirtieth.at > now() - 60_000) return "too-many";
    const shown = msgtype === "template_card" ? content : cutAtBytes(content, CONTENT_MAX_BYTES);
    const delivered = { ...message, content: shown, at: now(), cut: shown !== content };
    everything.push(delivered);
    byMember.set(member, [...earlier.slice(1 - PER_MINUTE), delivered]);
    for (const listener of listeners) listener(delivered);
    return "delivered";
  }

  return {
    send,
    all: () => [...everything],
    list: (member) => everything.filter((message) => message.member === member),
    onSent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reject: (member) => rejected.add(member),
  };
}

function refuse(errcode: number, errmsg: string): SendAnswer {
  return { errcode, errmsg, outcome: "refused" };
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
