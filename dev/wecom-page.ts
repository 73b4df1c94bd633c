import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import * as v from "valibot";
import type { CallbackSender, Delivery } from "./wecom-callback.ts";
import type { CardPress } from "./wecom-cards.ts";

/** A message that the app sent to a member. */
export interface SentMessage {
  id: string;
  member: string;
  msgtype: "text" | "markdown" | "template_card";
  /** The text; for a card its JSON. */
  content: string;
  /** Milliseconds since 1970. */
  at: number;
  /** It was longer than WeCom takes, and the end is missing. */
  cut?: boolean;
}

/** Where the page finds the app's messages. */
export interface SentMessages {
  list(member: string): SentMessage[];
  /** Tells of each new message, and of a card again when it is changed. */
  onSent(listener: (message: SentMessage) => void): () => void;
  /** The card's member presses a button; undefined when there is no such card or button. */
  press(messageId: string, key: string): CardPress | undefined;
}

/** A part of the demo, for the banner: whether it is the real one or stands in for it. */
export interface DemoPart {
  name: string;
  standIn: boolean;
  note: string;
}

/** One line of the chat, as the page shows it; one with a known id replaces the former. */
interface ChatItem {
  id: string;
  from: "member" | "app";
  type: "text" | "markdown" | "template_card" | "event";
  content: string;
  at: number;
  cut?: boolean | undefined;
  /** Of an event: the text on the button that was pressed. */
  label?: string;
  /** Of what the member did: how far it has come. */
  state?: "sending" | "retrying" | "delivered" | "failed";
}

const FILES = [
  ["/", "wecom-page.html"],
  ["/wecom-page.css", "wecom-page.css"],
  ["/wecom-page-messages.css", "wecom-page-messages.css"],
  ["/wecom-page-card.css", "wecom-page-card.css"],
  ["/wecom-page.js", "wecom-page.js"],
  ["/wecom-page-card.js", "wecom-page-card.js"],
  ["/wecom-page-markdown.js", "wecom-page-markdown.js"],
] as const;
/** A stream without a byte for 10 s is closed by Bun.serve. */
const HEARTBEAT_MS = 5_000;
/** Of what each member did; older lines leave the page. */
const MAX_OWN_ITEMS = 500;

const Member = v.pipe(
  v.string(),
  v.regex(/^[\w.@-]{1,64}$/, "成员账号只能用字母、数字和 _ - @ . ，最长 64 位"),
);
const SendRequest = v.object({
  member: Member,
  text: v.pipe(v.string(), v.trim(), v.nonEmpty("消息不能为空"), v.maxLength(10_000, "消息太长")),
});
const EventRequest = v.object({ member: Member, event: v.pipe(v.string(), v.regex(/^\w{1,64}$/)) });
const PressRequest = v.object({
  member: Member,
  /** The message that the card is. */
  id: v.string(),
  key: v.string(),
  label: v.fallback(v.pipe(v.string(), v.maxLength(100)), ""),
});

/**
 * The chat page of the WeCom stand-in: what a member writes goes out as an encrypted callback, what the app sends comes
 * in live, cards with buttons that work. Streams end with the signal.
 */
export function wecomPage(options: {
  sender: Pick<CallbackSender, "sendText" | "sendEvent">;
  sent: SentMessages;
  parts: readonly DemoPart[];
  signal: AbortSignal;
}): Hono {
  const { sender, sent, parts, signal } = options;
  const ownItems = new Map<string, ChatItem[]>();
  const streams = new Map<string, Set<(item: ChatItem) => void>>();

  const show = (member: string, item: ChatItem) => {
    for (const write of streams.get(member) ?? []) write(item);
  };
  const stopListening = sent.onSent((message) => show(message.member, itemOf(message)));
  signal.addEventListener("abort", stopListening, { once: true });

  function history(member: string): ChatItem[] {
    const own = ownItems.get(member) ?? [];
    return [...own, ...sent.list(member).map(itemOf)].sort((a, b) => a.at - b.at);
  }

  /** Shows what the member does, and then how its delivery goes. */
  function act(
    member: string,
    what: Pick<ChatItem, "type" | "content" | "label">,
    deliver: (onRetry: () => void) => Promise<Delivery>,
  ): string {
    const item: ChatItem = { id: randomUUID(), from: "member", ...what, at: Date.now() };
    const own = ownItems.get(member) ?? [];
    ownItems.set(member, [...own, item].slice(-MAX_OWN_ITEMS));
    const become = (state: NonNullable<ChatItem["state"]>) => {
      item.state = state;
      show(member, item);
    };
    become("sending");
    deliver(() => become("retrying")).then(
      ({ delivered }) => become(delivered ? "delivered" : "failed"),
      () => become("failed"),
    );
    return item.id;
  }

  function stream(member: string): Response {
    let leave = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const put = (text: string) => controller.enqueue(Buffer.from(text));
        const write = (item: ChatItem) => put(`data: ${JSON.stringify(item)}\n\n`);
        const heartbeat = setInterval(() => put(": \n\n"), HEARTBEAT_MS);
        const end = () => {
          leave();
          controller.close();
        };
        leave = () => {
          clearInterval(heartbeat);
          signal.removeEventListener("abort", end);
          streams.get(member)?.delete(write);
        };
        signal.addEventListener("abort", end, { once: true });
        streams.set(member, (streams.get(member) ?? new Set()).add(write));
        put("retry: 1000\n\n");
        for (const item of history(member)) write(item);
      },
      cancel: () => leave(),
    });
    const headers = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" };
    return new Response(body, { headers });
  }

  const app = new Hono();
  for (const [path, file] of FILES) app.get(path, () => new Response(Bun.file(`${import.meta.dir}/${file}`)));
  return app
    .get("/parts", (c) => c.json(parts))
    .get("/events", (c) => {
      const member = v.safeParse(Member, c.req.query("member"));
      return member.success ? stream(member.output) : c.json({ error: member.issues[0].message }, 400);
    })
    .post("/send", async (c) => {
      const request = v.safeParse(SendRequest, await c.req.json().catch(() => undefined));
      if (!request.success) return c.json({ error: request.issues[0].message }, 400);
      const { member, text } = request.output;
      const id = act(member, { type: "text", content: text }, (onRetry) =>
        sender.sendText(member, text, { onRetry }),
      );
      return c.json({ id });
    })
    .post("/event", async (c) => {
      const request = v.safeParse(EventRequest, await c.req.json().catch(() => undefined));
      if (!request.success) return c.json({ error: request.issues[0].message }, 400);
      const { member, event } = request.output;
      const id = act(member, { type: "event", content: event }, (onRetry) =>
        sender.sendEvent(member, event, {}, { onRetry }),
      );
      return c.json({ id });
    })
    .post("/press", async (c) => {
      const request = v.safeParse(PressRequest, await c.req.json().catch(() => undefined));
      if (!request.success) return c.json({ error: request.issues[0].message }, 400);
      const { member, id: messageId, key, label } = request.output;
      const own = sent.list(member).some((message) => message.id === messageId);
      const press = own ? sent.press(messageId, key) : undefined;
      if (!press) return c.json({ error: "这张卡片上没有这个按钮" }, 400);
      const event = "template_card_event";
      const id = act(member, { type: "event", content: event, label }, (onRetry) =>
        sender.sendEvent(member, event, press, { onRetry }),
      );
      return c.json({ id });
    });
}

function itemOf({ id, msgtype, content, at, cut }: SentMessage): ChatItem {
  return { id, from: "app", type: msgtype, content, at, cut };
}
