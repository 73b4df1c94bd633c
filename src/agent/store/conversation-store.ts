import type { Database } from "bun:sqlite";
import { TRPCError } from "@trpc/server";
import type { ConversationsPort } from "../../contract/agent-api.ts";
import type { HistoryMessage } from "../../contract/conversation.ts";
import { agentOf } from "../../contract/identifiers.ts";
import type { Job } from "../../contract/job.ts";
import type { Failure } from "../../contract/reply-event.ts";
import { syncToDisk } from "./database.ts";
import { openForgetting } from "./forget.ts";
import { openPeople } from "./people.ts";

export interface ConversationStore extends Omit<ConversationsPort, "delete"> {
  /** Whether the job's conversation is its user's and of its kind, or nobody's yet. */
  admits(job: Job): boolean;
  /**
   * The answered turns of a conversation before a job's own (of one that is not there yet: all), message by message,
   * newest first.
   */
  before(conversationId: string, jobId: string): Iterable<{ role: "user" | "assistant"; text: string }>;
  /**
   * Forgets a chat of the user with all its messages, for good (also after a power cut), and has its jobs that have not
   * ended be cancelled: returns these. Of somebody else's, or one that is gone, there are none.
   */
  remove(userId: string, conversationId: string): string[];
}

/** Conversations shown in a list; older ones are reached by search, later. */
const MAX_LISTED = 200;
/** A page of history ends after this much text: it has to fit into one message on the link. */
const MAX_PAGE_CHARS = 500_000;

interface MessageRow {
  number: number;
  job_id: string;
  role: HistoryMessage["role"];
  text: string;
  reasoning: string;
  status: HistoryMessage["status"];
  failure: string | null;
  at: number;
}

export function openConversationStore(db: Database): ConversationStore {
  const { personOf } = openPeople(db);
  const forget = openForgetting(db);
  const holderOf = db.query<{ user_id: string; kind: string; deleted: number }, [string]>(
    "SELECT user_id, kind, deleted FROM conversation WHERE id = ?",
  );
  const ofUser = db.query<{ id: string; title: string; updated_at: number }, [string, number]>(
    `SELECT id, title, updated_at FROM conversation WHERE user_id = ? AND kind = 'turn' AND deleted = 0
     ORDER BY updated_at DESC LIMIT ?`,
  );
  const older = db.query<MessageRow, [string, number]>(
    `SELECT number, job_id, role, text, reasoning, status, failure, at FROM message
     WHERE conversation_id = ? AND number < ? ORDER BY number DESC`,
  );
  // In the index's own order, and the texts one by one: in the other order, SQLite takes a tenth of a millisecond even
  // when there is nothing, while somebody waits.
  const earlier = db.query<{ number: number }, [string, string]>(
    `SELECT number FROM message
     WHERE conversation_id = ? AND number < coalesce((SELECT number FROM message WHERE job_id = ? AND role = 'user'), ${Number.MAX_SAFE_INTEGER})`,
  );
  const messageAt = db.query<{ role: "user" | "assistant"; text: string; status: string }, [number]>(
    "SELECT role, text, status FROM message WHERE number = ?",
  );
  const setTitle = db.query("UPDATE conversation SET title = ? WHERE id = ?");

  /** What kind the conversation is; undefined for somebody else's, or one that is not there. */
  function ownKind(userId: string, conversationId: string): string | undefined {
    const conversation = holderOf.get(conversationId);
    return conversation && isTheirs(conversation, userId) ? conversation.kind : undefined;
  }

  function isTheirs(conversation: { user_id: string; deleted: number }, userId: string): boolean {
    return conversation.deleted === 0 && conversation.user_id === personOf(userId);
  }

  return {
    admits({ conversationId, userId, kind }) {
      const conversation = holderOf.get(conversationId);
      return !conversation || (conversation.kind === kind && isTheirs(conversation, userId));
    },
    list: (userId) =>
      ofUser
        .all(personOf(userId), MAX_LISTED)
        .map(({ id, title, updated_at }) => ({ id, agentId: agentOf(id), title, updatedAt: updated_at })),

    history(userId, { conversationId, before, limit }) {
      if (ownKind(userId, conversationId) === undefined) throw noSuchConversation();
      const messages: HistoryMessage[] = [];
      let chars = 0;
      for (const row of older.iterate(
        conversationId,
        before === undefined ? Number.MAX_SAFE_INTEGER : Number(before),
      )) {
        chars += row.text.length + row.reasoning.length;
        const full = messages.length >= limit || (chars > MAX_PAGE_CHARS && messages.length > 0);
        if (full) return { messages: messages.toReversed(), before: String(row.number + 1) };
        messages.push(messageOf(row));
      }
      return { messages: messages.toReversed() };
    },

    *before(conversationId, jobId) {
      // An answer comes right before its question here, and decides for both.
      let answered = false;
      for (const { number } of earlier.all(conversationId, jobId).toReversed()) {
        const message = messageAt.get(number);
        if (!message) continue;
        const { role, text, status } = message;
        if (role === "assistant") answered = status === "done";
        if (answered) yield { role, text };
      }
    },

    rename(userId, conversationId, title) {
      if (ownKind(userId, conversationId) !== "turn") throw noSuchConversation();
      setTitle.run(title, conversationId);
    },
    remove(userId, conversationId) {
      if (ownKind(userId, conversationId) !== "turn") return [];
      let open: string[] = [];
      syncToDisk(db, () => (open = forget.conversation(conversationId)));
      return open;
    },
  };
}

function messageOf({
  number,
  job_id,
  role,
  text,
  reasoning,
  status,
  failure,
  at,
}: MessageRow): HistoryMessage {
  return {
    id: String(number),
    jobId: job_id,
    role,
    text,
    ...(reasoning === "" ? {} : { reasoning }),
    ...(failure === null ? {} : { failure: JSON.parse(failure) as Failure }),
    status,
    at,
  };
}

function noSuchConversation(): TRPCError {
  return new TRPCError({ code: "NOT_FOUND", message: "没有这个会话" });
}
