import type { Storage } from "../storage";
import type { OutgoingMessage } from "./outbox";

const KEY = "outbox";
/** Enough for a day without a network; a key of WeChat's storage holds a megabyte. */
const MAX_MESSAGES = 50;
const MAX_CHARS = 200_000;
/** Conversations that began here: what was written for them may still be waiting. */
const MAX_THREADS = 50;

/** A message as it is kept: whether it is on its way is known only while the app lives. */
export type KeptMessage = Omit<OutgoingMessage, "state">;

/** What an outbox must not forget. */
export interface OutboxContent {
  readonly messages: readonly KeptMessage[];
  /** `new-…` threads and the conversations they have become, the oldest first. */
  readonly threads: readonly (readonly [thread: string, conversationId: string])[];
}

export function loadOutbox(storage: Storage): OutboxContent {
  const kept = storage.read(KEY);
  if (typeof kept !== "object" || kept === null) return { messages: [], threads: [] };
  const { messages, threads } = kept as Partial<Record<keyof OutboxContent, unknown>>;
  return {
    messages: Array.isArray(messages) ? messages.filter(isMessage) : [],
    threads: Array.isArray(threads) ? threads.filter(isThread) : [],
  };
}

export function saveOutbox(storage: Storage, { messages, threads }: OutboxContent): void {
  const kept = { messages: keepable(messages).map(withoutState), threads: threads.slice(-MAX_THREADS) };
  storage.write(KEY, messages.length + threads.length > 0 ? kept : undefined);
}

/** Whether so many messages, and so long ones, can be kept. */
export function isKeepable(messages: readonly { text: string }[]): boolean {
  const chars = messages.reduce((sum, { text }) => sum + text.length, 0);
  return messages.length <= MAX_MESSAGES && chars <= MAX_CHARS;
}

function withoutState(message: KeptMessage): KeptMessage {
  const { key, thread, text, replaces, at, reason } = message;
  return { key, thread, text, at, ...(replaces && { replaces }), ...(reason && { reason }) };
}

/** The first of them that can be kept. */
function keepable(messages: readonly KeptMessage[]): readonly KeptMessage[] {
  let count = messages.length;
  while (!isKeepable(messages.slice(0, count))) count--;
  return messages.slice(0, count);
}

function isMessage(kept: unknown): kept is KeptMessage {
  if (typeof kept !== "object" || kept === null) return false;
  const { key, thread, text, at } = kept as Partial<Record<keyof KeptMessage, unknown>>;
  return [key, thread, text].every((field) => typeof field === "string") && typeof at === "number";
}

function isThread(kept: unknown): kept is readonly [string, string] {
  return Array.isArray(kept) && kept.length === 2 && kept.every((field) => typeof field === "string");
}
