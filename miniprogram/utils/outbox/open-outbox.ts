import type { TRPCClient } from "@trpc/client";
import type { SentMessage, UserRouter } from "../../../src/contract/user-api";
import { backoffMs } from "../backoff";
import type { Cell } from "../cell";
import type { ConnectionState } from "../connection/connection-state";
import { errorText, isPassing } from "../error-text";
import { openListeners } from "../listeners";
import { newKey } from "../new-key";
import type { Storage } from "../storage";
import type { Accepted, Outbox, OutgoingMessage } from "./outbox";
import { openOutboxList } from "./outbox-list";

const FULL_TEXT = "待发送的消息太多了，等前面的发出后再试";

export function openOutbox(parts: {
  api: Pick<TRPCClient<UserRouter>, "chat">;
  connection: Cell<ConnectionState>;
  storage: Storage;
}): Outbox & { close(): void } {
  const { api, connection, storage } = parts;
  const list = openOutboxList(storage);
  const accepted = openListeners<Accepted>();
  /** Threads with the key of the message that is on its way; the next one goes when it has arrived. */
  const underway = new Map<string, string>();
  /** Threads that wait before they try again. */
  const pauses = new Map<string, ReturnType<typeof setTimeout>>();
  let failures = 0;
  const unwatch = connection.watch(connectionChanged);

  function idleState(): "sending" | "waiting" {
    return connection.value === "offline" ? "waiting" : "sending";
  }
  function connectionChanged(): void {
    endPauses();
    for (const message of list.messages.value) {
      if (message.state !== "failed" && message.state !== idleState())
        list.replace({ ...message, state: idleState() });
    }
    for (const thread of new Set(list.messages.value.map(({ thread }) => thread))) sendNext(thread);
  }
  function endPauses(): void {
    for (const timer of pauses.values()) clearTimeout(timer);
    pauses.clear();
  }

  function sendNext(thread: string): void {
    const message = list.firstOf(thread);
    if (!message || connection.value !== "online" || underway.has(thread) || pauses.has(thread)) return;
    underway.set(thread, message.key);
    ask(message).then(
      (sent) => take(message, sent),
      (error: unknown) => (isPassing(error) ? waitAndRetry(message) : refuse(message, errorText(error))),
    );
  }
  function ask({ thread, text, replaces, key }: OutgoingMessage): Promise<SentMessage> {
    const conversationId = list.conversationOf(thread);
    return api.chat.send.mutate({
      ...(conversationId === undefined ? {} : { conversationId }),
      ...(replaces === undefined ? {} : { replaces }),
      text,
      idempotencyKey: key,
    });
  }
  function take(message: OutgoingMessage, { jobId, conversationId }: SentMessage): void {
    failures = 0;
    underway.delete(message.thread);
    list.becomes(message.thread, conversationId);
    // Whoever shows it puts the turn in its place before it goes.
    accepted.tell({ message, jobId, conversationId });
    list.remove(message.key);
    sendNext(message.thread);
  }
  function refuse(message: OutgoingMessage, reason: string): void {
    underway.delete(message.thread);
    list.replace({ ...message, state: "failed", reason });
    sendNext(message.thread);
  }
  /** Nobody knows whether it has arrived; under its key it stays the same one. */
  function waitAndRetry(message: OutgoingMessage): void {
    const { thread } = message;
    underway.delete(thread);
    list.replace({ ...message, state: "waiting" });
    const pause = setTimeout(() => {
      pauses.delete(thread);
      sendNext(thread);
    }, backoffMs(failures++));
    pauses.set(thread, pause);
  }

  return {
    messages: list.messages,
    conversationOf: list.conversationOf,
    onAccepted: accepted.add,
    send({ thread, text, replaces }) {
      const draft = {
        key: newKey("m"),
        thread,
        text,
        at: Date.now(),
        ...(replaces === undefined ? {} : { replaces }),
      };
      const message: OutgoingMessage = list.hasRoomFor(text)
        ? { ...draft, state: idleState() }
        : { ...draft, state: "failed", reason: FULL_TEXT };
      list.add(message);
      sendNext(thread);
      return message;
    },
    retry(key) {
      const message = list.find(key);
      if (message?.state !== "failed") return;
      list.replace({ ...withoutReason(message), state: idleState() });
      sendNext(message.thread);
    },
    remove(key) {
      const message = list.find(key);
      if (!message || underway.get(message.thread) === key) return undefined;
      list.remove(key);
      return message.text;
    },
    close() {
      unwatch();
      endPauses();
    },
  };
}

function withoutReason({ key, thread, text, replaces, at }: OutgoingMessage) {
  return { key, thread, text, at, ...(replaces === undefined ? {} : { replaces }) };
}
