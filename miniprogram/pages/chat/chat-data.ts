import type { ShownMessage } from "../../utils/chat/shown-message";
import type { HistoryState } from "../../utils/chat/thread-history";
import type { ThreadState } from "../../utils/chat/thread-state";

/** What the chat page draws, but for the texts, which go straight to their messages. */
export interface Shown {
  messages: ShownMessage[];
  history: HistoryState;
  reason: string;
  older: ThreadState["older"];
  answering: boolean;
  stopping: boolean;
  conversationId: string;
  threadName: string;
  agentText: string;
  /** The agent is away: questions wait for it. */
  agentOffline: boolean;
  /** It is, or nobody knows. */
  agentAway: boolean;
  /** Nobody is signed in: questions wait for that. */
  removed: boolean;
  userName: string;
  focus: boolean;
  keyboard: number;
  far: boolean;
  scrollTop: number;
}
export const START: Shown = {
  messages: [],
  history: "loading",
  reason: "",
  older: "none",
  answering: false,
  stopping: false,
  conversationId: "",
  threadName: "",
  agentText: "",
  agentOffline: false,
  agentAway: false,
  removed: false,
  userName: "",
  focus: false,
  keyboard: 0,
  far: false,
  scrollTop: 0,
};
/** What belongs to one conversation, before anything is known of it. */
export const START_OF_THREAD = {
  messages: START.messages,
  history: START.history,
  reason: START.reason,
  older: START.older,
  answering: START.answering,
  stopping: START.stopping,
  conversationId: START.conversationId,
  far: START.far,
};
