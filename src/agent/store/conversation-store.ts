import type { Database } from "bun:sqlite";
import { TRPCError } from "@trpc/server";
import type { ConversationsPort } from "../../contract/agent-api.ts";
import type { HistoryMessage } from "../../contract/conversation.ts";
import { agentOf } from "../../contract/identifiers.ts";
import type { Job } from "../../contract/job.ts";
import { openPeople } from "./people.ts";

export interface ConversationStore extends ConversationsPort {
  /** Whether the job's conversation is its user's, and of its kind. */
  admits(job: Job): boolean;
  /** The answered turns of a conversation before a job's own, message by message, newest first. */
  before(conversationId: string, jobId: string): Iterable<{ role: "user" | "assistant"; text: string }>;
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
  status: HistoryMessage["status"];
  at: number;
}

export function openConversationStore(db: Database): ConversationStore {
  const { personOf } = openPeople(db);
  const ownerOf = db.query<{ user_id: string; kind: string }, [string]>(
    "SELECT user_id, kind FROM conversation WHERE id = ?",
  );
  const ofUser = db.query<{ id: string; title: string; updated_at: number }, [string, number]>(
    `SELECT id, title, updated_at FROM conversation WHERE user_id = ? AND kind = 'turn'
     ORDER BY updated_at DESC LIMIT ?`,
  );
  const older = db.query<MessageRow, [string, number]>(
    "SELECT number, job_id, role, text, status, at FROM message WHERE conversation_id = ? AND number < ? ORDER BY number DESC",
  );
  const earlier = db.query<{ role: "user" | "assistant"; text: string; status: string }, [string, string]>(
    `SELECT role, text, status FROM message
     WHERE conversation_id = ? AND number < (SELECT number FROM message WHERE job_id = ? AND role = 'user')
     ORDER BY number DESC`,
  );

  return {
    admits({ conversationId, userId, kind }) {
      const conversation = ownerOf.get(conversationId);
      return conversation?.user_id === personOf(userId) && conversation.kind === kind;
    },
    list: (userId) =>
      ofUser
        .all(personOf(userId), MAX_LISTED)
        .map(({ id, title, updated_at }) => ({ id, agentId: agentOf(id), title, updatedAt: updated_at })),

    history(userId, { conversationId, before, limit }) {
      if (ownerOf.get(conversationId)?.user_id !== personOf(userId))
        throw new TRPCError({ code: "NOT_FOUND", message: "没有这个会话" });
      const messages: HistoryMessage[] = [];
      let chars = 0;
      for (const row of older.iterate(
        conversationId,
        before === undefined ? Number.MAX_SAFE_INTEGER : Number(before),
      )) {
        chars += row.text.length;
        const full = messages.length >= limit || (chars > MAX_PAGE_CHARS && messages.length > 0);
        if (full) return { messages: messages.toReversed(), before: String(row.number + 1) };
        const { number, job_id, role, text, status, at } = row;
        messages.push({ id: String(number), jobId: job_id, role, text, status, at });
      }
      return { messages: messages.toReversed() };
    },

    *before(conversationId, jobId) {
      // An answer comes right before its question here, and decides for both.
      let answered = false;
      for (const { role, text, status } of earlier.iterate(conversationId, jobId)) {
        if (role === "assistant") answered = status === "done";
        if (answered) yield { role, text };
      }
    },
  };
}
