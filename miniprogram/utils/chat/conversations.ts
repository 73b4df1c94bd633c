import type { Conversation } from "../../../src/contract/conversation";
import type { FeedEvent } from "../../../src/contract/feed";
import { type Cell, openCell } from "../cell";
import type { Claw } from "../claw";
import { errorText, refusalReason } from "../error-text";

export interface ConversationsState {
  /** - `unreachable`: no agent answers, and conversations live there */
  readonly status: "loading" | "ready" | "unreachable" | "failed";
  /** Newest first; what was known last where the status is not `ready`. */
  readonly conversations: readonly Conversation[];
  /** Why they are not there, for people. */
  readonly reason: string;
}

/** The user's conversations, kept up to date by what happens on any device. */
export interface Conversations {
  readonly state: Cell<ConversationsState>;
  reload(): void;
  /** @throws what the gateway answers; the old title is back then */
  rename(id: string, title: string): Promise<void>;
  /** @throws what the gateway answers */
  remove(id: string): Promise<void>;
  /** Ends all listening. */
  close(): void;
}

export type ConversationsParts = Pick<Claw, "connection" | "listen" | "onGap"> & {
  api: { chat: Pick<Claw["api"]["chat"], "conversations" | "rename" | "delete"> };
};

export function openConversations({ api, connection, listen, onGap }: ConversationsParts): Conversations {
  const state = openCell<ConversationsState>({ status: "loading", conversations: [], reason: "" });
  let asking = false;
  let askAgain = false;
  let closed = false;

  const patch = (change: Partial<ConversationsState>) => {
    if (!closed) state.set({ ...state.value, ...change });
  };
  const change = (map: (all: readonly Conversation[]) => readonly Conversation[]) =>
    patch({ conversations: map(state.value.conversations) });
  const retitle = (id: string, title: string) =>
    change((all) => all.map((one) => (one.id === id ? { ...one, title } : one)));
  const drop = (id: string) => change((all) => all.filter((one) => one.id !== id));

  function load() {
    askAgain = asking;
    if (asking || closed) return;
    asking = true;
    api.chat.conversations.query().then(
      (conversations) => {
        asking = false;
        patch({ status: "ready", conversations, reason: "" });
        if (askAgain) load();
      },
      (error: unknown) => {
        asking = false;
        const unreachable = refusalReason(error)?.startsWith("agent-") === true;
        patch({ status: unreachable ? "unreachable" : "failed", reason: errorText(error) });
      },
    );
  }

  function hear(event: FeedEvent) {
    // A list that is on its way may be from before it.
    if (event.t === "conversation" || event.t === "conversation-deleted") askAgain ||= asking;
    if (event.t === "conversation") retitle(event.id, event.title);
    else if (event.t === "conversation-deleted") drop(event.id);
    else if (event.t === "agent" && event.agent.online && state.value.status !== "ready") load();
    else if (event.t === "job" && event.job.kind === "turn") hearTurn(event.job);
  }

  /** A turn brings its conversation to the top; the agent knows it once it has the job. */
  function hearTurn({
    conversationId,
    createdAt,
    status,
  }: {
    conversationId: string;
    createdAt: number;
    status: string;
  }) {
    const known = state.value.conversations.find(({ id }) => id === conversationId);
    if (!known) {
      if (status !== "queued") load();
      return;
    }
    if (createdAt <= known.updatedAt) return;
    change((all) => [{ ...known, updatedAt: createdAt }, ...all.filter(({ id }) => id !== conversationId)]);
  }

  const ends = [
    listen(hear),
    onGap(load),
    connection.watch((now) => {
      if (now === "online") load();
      else if (now === "offline" && state.value.status === "loading")
        patch({ status: "failed", reason: "网络已断开，连上后会自动刷新" });
    }),
  ];

  return {
    state,
    reload() {
      if (state.value.status !== "ready") patch({ status: "loading" });
      load();
    },
    async rename(id, title) {
      const before = state.value.conversations.find((one) => one.id === id)?.title;
      retitle(id, title);
      try {
        await api.chat.rename.mutate({ conversationId: id, title });
      } catch (error) {
        if (before !== undefined) retitle(id, before);
        throw error;
      }
    },
    async remove(id) {
      await api.chat.delete.mutate({ conversationId: id });
      drop(id);
    },
    close() {
      closed = true;
      for (const end of ends) end();
    },
  };
}
