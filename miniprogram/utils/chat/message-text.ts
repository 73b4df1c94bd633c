import { hasEnded, type Turn } from "./turn";

/** What is read in a message. */
export interface MessageText {
  readonly text: string;
  /** What the model thought before it answered. */
  readonly reasoning: string;
  /** How long; 0 where it was not seen happening. */
  readonly thoughtMs: number;
  /** More may come. */
  readonly open: boolean;
}

export interface TextListeners {
  of(messageKey: string): MessageText;
  watch(messageKey: string, listener: (text: MessageText) => void): () => void;
  /** Tells those whose text is another than the last time. */
  tell(): void;
}

const NOTHING: MessageText = { text: "", reasoning: "", thoughtMs: 0, open: false };

/** @param turnOf finds a turn by its key; a message's key is that and `q` or `a` */
export function openTextListeners(turnOf: (key: string) => Turn | undefined): TextListeners {
  const all = new Set<{ key: string; told: MessageText; listener: (text: MessageText) => void }>();

  function of(messageKey: string): MessageText {
    const turn = turnOf(messageKey.slice(0, -1));
    if (messageKey.endsWith("q")) return { ...NOTHING, text: turn?.question?.text ?? "" };
    const { answer } = turn ?? {};
    if (!answer) return NOTHING;
    const { text, reasoning, thoughtMs = 0 } = answer;
    return { text, reasoning, thoughtMs, open: !hasEnded(answer) };
  }

  return {
    of,
    watch(key, listener) {
      const one = { key, told: of(key), listener };
      all.add(one);
      listener(one.told);
      return () => {
        all.delete(one);
      };
    },
    tell() {
      for (const one of all) {
        const now = of(one.key);
        if (isSame(now, one.told)) continue;
        one.told = now;
        one.listener(now);
      }
    },
  };
}

function isSame(a: MessageText, b: MessageText): boolean {
  return a.text === b.text && a.reasoning === b.reasoning && a.thoughtMs === b.thoughtMs && a.open === b.open;
}
