import type { Conversation } from "../../../src/contract/conversation";
import type { Task } from "../../../src/contract/task";
import type { Storage } from "../storage";

/** Another shape gets another key: what older versions have kept is not read. */
const KEY = "home";

/** What the first page shows before the gateway has answered. */
export interface HomeCache {
  readonly userId: string;
  readonly conversations: readonly Conversation[];
  readonly tasks: readonly Task[];
}

/** Undefined when nothing has been kept, or it is another user's. */
export function readHome(storage: Storage, userId: string | undefined): HomeCache | undefined {
  const kept = storage.read(KEY);
  return isHome(kept) && kept.userId === userId ? kept : undefined;
}

export function writeHome(storage: Storage, home: HomeCache): void {
  storage.write(KEY, home);
}

function isHome(value: unknown): value is HomeCache {
  if (typeof value !== "object" || value === null) return false;
  return (
    "userId" in value &&
    "conversations" in value &&
    "tasks" in value &&
    Array.isArray(value.conversations) &&
    Array.isArray(value.tasks)
  );
}
