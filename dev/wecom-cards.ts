import { randomUUID } from "node:crypto";

/** What WeCom tells the app of the press of a card's button (template_card_event). */
export type CardPress = Readonly<Record<"EventKey" | "TaskId" | "CardType" | "ResponseCode", string>>;

/** The template cards of one app, as path/90236 and 94888 describe them. */
export interface Cards {
  /** What is wrong with a card that is to be sent; undefined: nothing. */
  check(card: unknown): { errcode: number; errmsg: string } | undefined;
  /** A card reached a member; returns its response_code. */
  sent(card: Record<string, unknown>, messageId: string, member: string): string;
  /** Uses a response_code; returns which message it was for. */
  use(
    code: unknown,
    userids: unknown,
  ): { messageId: string; member: string } | { errcode: number; errmsg: string };
  /** The member presses a button; undefined when their card (now) has none with that key. */
  press(messageId: string, card: string, key: string): CardPress | undefined;
}

const CODE_VALID_MS = 72 * 3600_000;
const TASK_ID = /^[\w\-@]{1,128}$/;
const MAX_BUTTONS = 6;
const MAX_KEY_BYTES = 1_024;
const MAX_LINES = 6;
/** WeCom documents no code for a response_code that cannot be used; this one is none of those it does document. */
const CODE_REFUSED = { errcode: 49999, errmsg: "response_code invalid, used or expired" };
const TASK_ID_USED = { errcode: 49998, errmsg: "task_id already exists" };

export function openCards(now: () => number): Cards {
  const codes = new Map<string, { messageId: string; member: string; until: number }>();
  const members = new Map<string, { member: string; taskId: string }>();
  const taskIds = new Set<string>();

  function newCode(messageId: string, member: string): string {
    const code = `code-${randomUUID()}`;
    codes.set(code, { messageId, member, until: now() + CODE_VALID_MS });
    return code;
  }

  return {
    check(card) {
      const wrong = faultOf(card);
      if (wrong !== undefined) return { errcode: 40058, errmsg: wrong };
      const taskId = (card as { task_id: string }).task_id;
      return taskIds.has(taskId) ? TASK_ID_USED : undefined;
    },
    sent(card, messageId, member) {
      const taskId = String(card["task_id"]);
      taskIds.add(taskId);
      members.set(messageId, { member, taskId });
      return newCode(messageId, member);
    },
    use(code, userids) {
      const found = codes.get(String(code));
      const forMember = Array.isArray(userids) && userids.length === 1 && userids[0] === found?.member;
      if (!found || !forMember || found.until <= now()) return CODE_REFUSED;
      codes.delete(String(code));
      return found;
    },
    press(messageId, card, key) {
      const known = members.get(messageId);
      const { card_type: type, button_list: buttons } = JSON.parse(card) as CardShape;
      if (!known || !buttons?.some((button) => button.key === key)) return undefined;
      const ResponseCode = newCode(messageId, known.member);
      return { EventKey: key, TaskId: known.taskId, CardType: String(type), ResponseCode };
    },
  };
}

interface CardShape {
  card_type?: unknown;
  task_id?: unknown;
  main_title?: { title?: unknown };
  sub_title_text?: unknown;
  horizontal_content_list?: unknown[];
  button_list?: { text?: unknown; key?: unknown }[];
}

function faultOf(card: unknown): string | undefined {
  if (typeof card !== "object" || card === null) return "template_card missing";
  const shape = card as CardShape;
  const { button_list: buttons = [], horizontal_content_list: lines = [] } = shape;
  if (shape.card_type !== "button_interaction") return "card_type not supported here";
  if (typeof shape.task_id !== "string" || !TASK_ID.test(shape.task_id)) return "invalid task_id";
  if (!shape.main_title?.title && !shape.sub_title_text) return "main_title.title or sub_title_text missing";
  if (buttons.length === 0 || buttons.length > MAX_BUTTONS) return "button_list size";
  const keys = buttons.map(({ key }) => String(key));
  if (keys.some((key) => key === "" || Buffer.byteLength(key) > MAX_KEY_BYTES)) return "button key";
  if (new Set(keys).size < keys.length) return "button key repeated";
  return lines.length > MAX_LINES ? "horizontal_content_list size" : undefined;
}
