import * as v from "valibot";
import { MessageText } from "../../contract/job.ts";
import type { Logger } from "../../log.ts";
import { userKeys } from "../redis/keys.ts";
import type { Tasks } from "../tasks/tasks.ts";
import type { Chat } from "../users/chat.ts";
import type { Users } from "../users/users.ts";
import type { CommandContext } from "./command.ts";
import { runCommand } from "./commands.ts";
import type { WecomInbound } from "./inbound-message.ts";
import type { Outbox } from "./outbox.ts";
import { inPieces } from "./pieces.ts";
import { receivePress } from "./press.ts";
import { kindName, TEXTS } from "./texts.ts";

/** The channel's name in job records, identities and feeds. */
export const WECOM = "wecom";

export interface ReceiveContext extends CommandContext {
  users: Users;
  tasks: Tasks;
  chat: Chat;
  outbox: Outbox;
  log: Logger;
}

/** Does what a message from WeCom asks for. Every step can be done again: after a crash the same message comes again. */
export async function receive(context: ReceiveContext, message: WecomInbound): Promise<void> {
  const { outbox } = context;
  const { member, dedupeId } = message;
  const reply = (content: string) =>
    outbox.addAll(inPieces({ id: `reply:${dedupeId}`, member, type: "text", content }));
  switch (message.kind) {
    case "text":
      await receiveText(context, message, reply);
      return;
    case "event":
      await receiveEvent(context, message);
      return;
    case "unsupported":
      await reply(TEXTS.unsupported(kindName(message.msgType)));
  }
}

async function receiveText(
  context: ReceiveContext,
  message: Extract<WecomInbound, { kind: "text" }>,
  reply: (content: string) => Promise<unknown>,
): Promise<void> {
  const { users, chat, conversation } = context;
  const { member, text, dedupeId } = message;
  if (text.trim() === "") return;
  if (!v.is(MessageText, text)) {
    await reply(TEXTS.tooLong);
    return;
  }
  const userId = await users.identify(WECOM, member);
  const answer = await runCommand(context, text, { userId, member, key: dedupeId });
  if (answer !== undefined) {
    if (answer !== "") await reply(answer);
    return;
  }
  const conversationId = await conversation.current(userId);
  const idempotencyKey = `${WECOM}:${dedupeId}`;
  await chat.send(userId, { conversationId, text, idempotencyKey }, { channel: WECOM, origin: member });
}

async function receiveEvent(
  context: ReceiveContext,
  message: Extract<WecomInbound, { kind: "event" }>,
): Promise<void> {
  const { log } = context;
  const { event, member } = message;
  if (event === "subscribe" || event === "enter_agent") {
    await welcome(context, member, message.dedupeId);
  } else if (event === "template_card_event") {
    await receivePress(context, message, await context.users.identify(WECOM, member));
  } else if (event.includes("inactive") || event.startsWith("low_active")) {
    log.warn("企业微信提示本应用活跃度低，可能被停用，请在管理后台查看", { event });
  } else {
    log.info("收到企业微信事件", { event });
  }
}

/** Once per member: WeCom sends enter_agent each time somebody opens the app. */
async function welcome(
  { redis, users, outbox }: ReceiveContext,
  member: string,
  dedupeId: string,
): Promise<void> {
  const record = userKeys(await users.identify(WECOM, member)).record;
  const welcomedBy = await redis.hget(record, "welcomed");
  if (welcomedBy !== null && welcomedBy !== dedupeId) return;
  await redis.hset(record, "welcomed", dedupeId);
  await outbox.add({ id: `welcome:${dedupeId}`, member, type: "text", content: TEXTS.welcome });
}
