import type { Storage } from "../storage";

/** What has been typed and not sent, for each conversation. It outlives the app. */
export interface Drafts {
  of(thread: string): string;
  /** An empty text forgets it. */
  keep(thread: string, text: string): void;
}

const STORAGE_KEY = "chat-drafts";
/** Together; one key of WeChat's storage holds 1 MB. The oldest go first, but never the newest. */
const MAX_CHARS = 200_000;
const MAX_DRAFTS = 20;

export function openDrafts(storage: Storage): Drafts {
  let drafts = parse(storage.read(STORAGE_KEY));

  return {
    of: (thread) => drafts.find(([key]) => key === thread)?.[1] ?? "",
    keep(thread, text) {
      const others = drafts.filter(([key]) => key !== thread);
      if (text === "" && others.length === drafts.length) return;
      drafts = text === "" ? others : within([...others, [thread, text]]);
      storage.write(STORAGE_KEY, drafts);
    },
  };
}

function within(drafts: [string, string][]): [string, string][] {
  let kept = drafts.slice(-MAX_DRAFTS);
  while (kept.length > 1 && kept.reduce((sum, [, text]) => sum + text.length, 0) > MAX_CHARS)
    kept = kept.slice(1);
  return kept;
}

function parse(stored: unknown): [string, string][] {
  if (!Array.isArray(stored)) return [];
  return stored.filter(
    (one): one is [string, string] =>
      Array.isArray(one) && one.length === 2 && typeof one[0] === "string" && typeof one[1] === "string",
  );
}
