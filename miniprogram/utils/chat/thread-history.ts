import type { HistoryPage } from "../../../src/contract/conversation";
import { errorText, refusalReason } from "../error-text";
import type { ThreadPorts } from "./thread-ports";
import type { Turns } from "./turns";

/**
 * - `unreachable`: the agent, where it lives, is not there now
 * - `gone`: there is no such conversation, or not any more
 */
export type HistoryState = "loading" | "ready" | "unreachable" | "failed" | "gone";
/** `full`: there are more, but no more are held at once. */
export type OlderState = "none" | "more" | "loading" | "failed" | "full";

/** What the agent has kept of a conversation, page by page from the newest. */
export interface ThreadHistory {
  readonly state: HistoryState;
  /** Why it is not there, for people. */
  readonly reason: string;
  readonly older: OlderState;
  /** Loads the newest page (again), and puts it together with what is here. */
  refresh(): void;
  /** The same, as the person sees it: they have asked for it. */
  retry(): void;
  loadOlder(): void;
  /** There is no connection: what is awaited does not come before there is. */
  offline(): void;
  /** The conversation is gone; nothing is loaded any more. */
  end(): void;
}

/** The page's list is one setData when older messages come: so many fit into 64 KB. */
const MAX_TURNS = 180;
const OFFLINE_TEXT = "网络已断开，连上后自动加载";

/**
 * @param on.whenSettled calls back when the user's own messages on their way have their jobs
 * @param on.loaded a page has come; `changed`: the state has
 */
export function openThreadHistory(
  ports: Pick<ThreadPorts, "history">,
  turns: Turns,
  on: {
    conversationId(): string | undefined;
    whenSettled(callback: () => void): void;
    loaded(): void;
    changed(): void;
  },
): ThreadHistory {
  let state: HistoryState = on.conversationId() === undefined ? "ready" : "loading";
  let reason = "";
  let loadingOlder: "idle" | "loading" | "failed" = "idle";
  let asking = false;
  let askAgain = false;

  function refresh() {
    const conversationId = on.conversationId();
    if (conversationId === undefined || state === "gone") return;
    askAgain = asking;
    if (asking) return;
    asking = true;
    if (state === "failed") state = "loading";
    const expected = turns.begun();
    ports.history(conversationId, undefined).then(
      (page) => on.whenSettled(() => take(page, expected)),
      (error: unknown) => fail(error),
    );
  }

  function take(page: HistoryPage, expected: ReadonlySet<string>) {
    asking = false;
    if (state === "gone") return;
    turns.takeNewest(page, expected);
    [state, reason] = ["ready", ""];
    on.loaded();
    on.changed();
    if (askAgain) refresh();
  }

  function fail(error: unknown) {
    asking = false;
    if (state === "gone") return;
    const why = refusalReason(error);
    // A conversation whose first message has not reached the agent has no history yet.
    if (why === "not-found") state = turns.all.length > 0 ? "ready" : "gone";
    else if (state !== "ready") state = why?.startsWith("agent-") ? "unreachable" : "failed";
    reason = errorText(error);
    on.changed();
  }

  function loadOlder() {
    const { before } = turns;
    const conversationId = on.conversationId();
    if (before === undefined || conversationId === undefined) return;
    if (loadingOlder === "loading" || turns.all.length >= MAX_TURNS) return;
    loadingOlder = "loading";
    on.changed();
    ports.history(conversationId, before).then(
      (page) => {
        loadingOlder = "idle";
        // Something else may have come in between.
        if (turns.before === before) turns.takeOlder(page);
        on.changed();
      },
      () => {
        loadingOlder = "failed";
        on.changed();
      },
    );
  }

  return {
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    get older() {
      if (turns.before === undefined) return "none";
      if (loadingOlder !== "idle") return loadingOlder;
      return turns.all.length < MAX_TURNS ? "more" : "full";
    },
    refresh,
    retry() {
      if (state !== "ready" && state !== "gone") state = "loading";
      on.changed();
      refresh();
    },
    loadOlder,
    offline() {
      if (state !== "loading") return;
      [state, reason] = ["failed", OFFLINE_TEXT];
      on.changed();
    },
    end() {
      state = "gone";
    },
  };
}
