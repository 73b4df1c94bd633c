import type { NewTask } from "../../../src/contract/task";
import type { Storage } from "../storage";

const KEY = "task-draft";

export interface DraftText {
  readonly title: string;
  readonly prompt: string;
}

/**
 * A task that is still being written. It outlives the app, together with the key under which it was sent: until the gateway
 * has answered, nobody knows whether it got it, and sent again with the same key it is still one task.
 */
export interface TaskDraft {
  readonly text: DraftText;
  write(text: DraftText): void;
  /** What to send. The same key for the same text; another text is another task. */
  toSend(): NewTask;
  /** The gateway has it. */
  forget(): void;
}

interface Sent extends DraftText {
  readonly key: string;
}

export function openTaskDraft(storage: Storage, makeKey: () => string): TaskDraft {
  const kept = storage.read(KEY);
  let text = textOf(kept) ?? { title: "", prompt: "" };
  let sent = sentOf(kept);
  const keep = (): void => storage.write(KEY, { ...text, ...(sent && { sent }) });

  return {
    get text() {
      return text;
    },
    write(next) {
      text = next;
      keep();
    },
    toSend() {
      if (sent?.title !== text.title || sent.prompt !== text.prompt) sent = { ...text, key: makeKey() };
      keep();
      const title = text.title.trim();
      return { ...(title !== "" && { title }), prompt: text.prompt, idempotencyKey: sent.key };
    },
    forget() {
      text = { title: "", prompt: "" };
      sent = undefined;
      storage.write(KEY, undefined);
    },
  };
}

function textOf(value: unknown): DraftText | undefined {
  if (typeof value !== "object" || value === null || !("title" in value && "prompt" in value))
    return undefined;
  const { title, prompt } = value;
  return typeof title === "string" && typeof prompt === "string" ? { title, prompt } : undefined;
}

function sentOf(value: unknown): Sent | undefined {
  if (typeof value !== "object" || value === null || !("sent" in value)) return undefined;
  const { sent } = value;
  const text = textOf(sent);
  if (text === undefined || typeof sent !== "object" || sent === null || !("key" in sent)) return undefined;
  return typeof sent.key === "string" ? { ...text, key: sent.key } : undefined;
}
