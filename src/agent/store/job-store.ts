import type { Database } from "bun:sqlite";
import type { Job, Order } from "../../contract/job.ts";
import { type Failure, isTerminal, type ReplyEvent, type TerminalEvent } from "../../contract/reply-event.ts";
import { excerpt } from "../../excerpt.ts";
import { openConversationStore } from "./conversation-store.ts";
import { syncToDisk } from "./database.ts";
import { openForgetting } from "./forget.ts";
import { openPeople } from "./people.ts";
import { nothingSaid, type Said } from "./said-so-far.ts";

/** Events of a job in one row of the outbox; the first has number `first` (from 0). */
export interface EventBatch {
  first: number;
  events: readonly ReplyEvent[];
}

/** A job that is not settled: to be run, or run and not yet acknowledged to its end. */
export interface UnsettledJob {
  job: Job;
  /** Its terminal event is in the outbox: only the sending is left. */
  ended: boolean;
  nextEvent: number;
  cancelled: boolean;
  /** Of a task: how many times it was begun and neither ended nor was let go of. */
  begun: number;
}

/** How a settled job ended, as far as the history tells. */
export interface KnownEnd {
  end: TerminalEvent;
  /** What there was of the answer. */
  said: Said;
}

/** The agent's inbox and outbox: jobs, and their events until the gateway surely has them. */
export interface JobStore {
  /** Takes an order into custody, once. Returns the job to run, if the order brought a new one. */
  take(order: Order): Job | undefined;
  /** Makes every order up to this one safe from a power cut; only then may the gateway let go of them. */
  secure(orderId: string): void;
  unsettled(): UnsettledJob[];
  isCancelled(jobId: string): boolean;
  isKnown(jobId: string): boolean;
  /** See `People`. */
  personOf(userId: string): string;
  /** Notes that a task begins to run: what it does may be what ends the process. */
  begin(jobId: string): void;
  /** Takes the note back: the task was stopped on purpose, and will be begun again. */
  letGo(jobId: string): void;
  /** Puts a batch into the outbox; a terminal event also ends the job and writes the answer into the history. */
  append(job: Job, batch: EventBatch, said: Said): void;
  /** Puts one batch in the place of all from number `from` on. */
  renumber(jobId: string, from: number, batch: EventBatch): void;
  /** Batches that hold events from number `from` on, oldest first. */
  outbox(jobId: string, from: number): EventBatch[];
  /** The gateway has everything. The events stay a while, in case its Redis forgets its last moments. */
  settle(jobId: string): void;
  /**
   * Takes up a settled job again that the gateway has forgotten the end of. Returns the end, made from the history: of a
   * turn that has left it, that it is gone; undefined when the job is not known here.
   */
  reopen(jobId: string): KnownEnd | undefined;
  /** The last batch of each job settled after `since` (ms), to be offered again to a gateway that may have lost it. */
  recentlySettled(since: number): { job: Job; nextEvent: number }[];
  /** Drops the events of jobs settled before `until` (ms). */
  forgetSettled(until: number): void;
}

/** Its conversation was deleted, or another turn has taken its place. */
const GONE: KnownEnd = {
  end: { t: "failed", code: "not-found", message: "这条消息已经不在会话里" },
  said: nothingSaid(),
};

const LAST_ORDER = "last_order";
/** Length of a conversation's title, in characters. */
const TITLE_CHARS = 40;

interface AnswerRow {
  text: string;
  reasoning: string;
  status: string;
  failure: string | null;
}

interface JobRow {
  body: string;
  state: string;
  next_event: number;
  cancelled: number;
  begun: number;
}

export function openJobStore(db: Database): JobStore {
  const people = openPeople(db);
  const conversations = openConversationStore(db);
  const forget = openForgetting(db);
  const addJob = db.query("INSERT OR IGNORE INTO job (id, body, conversation_id) VALUES (?, ?, ?)");
  // Changes nothing in a conversation of somebody else or of another kind. One that was deleted begins anew.
  const addConversation = db.query(
    `INSERT INTO conversation (id, user_id, kind, title, updated_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, deleted = 0,
       title = CASE deleted WHEN 1 THEN excluded.title ELSE title END
     WHERE user_id = excluded.user_id AND kind = excluded.kind`,
  );
  const touchConversation = db.query("UPDATE conversation SET updated_at = ? WHERE id = ?");
  // The place of the answer is right after its question, even when several wait.
  const addMessages = db.query(
    `INSERT OR IGNORE INTO message (conversation_id, job_id, role, text, status, at)
     VALUES (?1, ?2, 'user', ?3, 'done', ?4), (?1, ?2, 'assistant', '', 'pending', ?4)`,
  );
  const endMessage = db.query(
    `UPDATE message SET text = ?, reasoning = ?, status = ?, failure = ?, at = ?
     WHERE job_id = ? AND role = 'assistant'`,
  );
  const countBegun = db.query("UPDATE job SET begun = begun + ? WHERE id = ?");
  const requestCancel = db.query("UPDATE job SET cancelled = 1 WHERE id = ?");
  const endJob = db.query("UPDATE job SET state = 'ended', next_event = ? WHERE id = ?");
  const settle = db.query(
    "UPDATE job SET state = 'settled', settled_at = ? WHERE id = ? AND state <> 'settled'",
  );
  const answerOf = db.query<AnswerRow, [string]>(
    "SELECT text, reasoning, status, failure FROM message WHERE job_id = ? AND role = 'assistant'",
  );
  const reopenJob = db.query(
    "UPDATE job SET state = 'waiting', next_event = 0, settled_at = NULL WHERE id = ?",
  );
  const setNext = db.query("UPDATE job SET next_event = ? WHERE id = ?");
  const addEvents = db.query("INSERT INTO job_event (job_id, first, count, events) VALUES (?, ?, ?, ?)");
  const dropFrom = db.query("DELETE FROM job_event WHERE job_id = ? AND first >= ?");
  const eventsFrom = db.query<{ first: number; events: string }, [string, number]>(
    "SELECT first, events FROM job_event WHERE job_id = ? AND first + count > ? ORDER BY first",
  );
  const unsettled = db.query<JobRow, []>(
    "SELECT body, state, next_event, cancelled, begun FROM job WHERE state <> 'settled' ORDER BY number",
  );
  const cancelledJob = db.query<{ cancelled: number }, [string]>("SELECT cancelled FROM job WHERE id = ?");
  const settledSince = db.query<{ body: string; next_event: number }, [number]>(
    "SELECT body, next_event FROM job WHERE settled_at > ?",
  );
  // From the jobs settled since the last time to their events: there are many of both.
  const dropEvents = db.query(
    "DELETE FROM job_event WHERE job_id IN (SELECT id FROM job WHERE settled_at > ? AND settled_at <= ?)",
  );
  let forgottenUntil = 0;
  const setSetting = db.query("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)");

  // Few statements: the user waits for all of them.
  const takeJob = db.transaction((job: Job): boolean => {
    const { id, kind, conversationId, text, createdAt, replaces } = job;
    if (addJob.run(id, JSON.stringify(job), conversationId).changes === 0) return false;
    const person = people.personOf(job.userId);
    const mine = addConversation.run(conversationId, person, kind, excerpt(text, TITLE_CHARS), createdAt);
    // The job will fail for that reason.
    if (mine.changes === 0) return true;
    if (replaces !== undefined) forget.lastTurn(conversationId, replaces);
    addMessages.run(conversationId, id, text, createdAt);
    return true;
  });

  const append = db.transaction((job: Job, { first, events }: EventBatch, said: Said) => {
    const next = first + events.length;
    addEvents.run(job.id, first, events.length, JSON.stringify(events));
    const last = events.at(-1);
    if (!last || !isTerminal(last)) {
      setNext.run(next, job.id);
      return;
    }
    endJob.run(next, job.id);
    if (!conversations.admits(job)) return;
    const now = Date.now();
    endMessage.run(textOf(last, said), said.reasoning, last.t, failureOf(last), now, job.id);
    touchConversation.run(now, job.conversationId);
  });

  const renumber = db.transaction((jobId: string, from: number, { first, events }: EventBatch) => {
    dropFrom.run(jobId, from);
    addEvents.run(jobId, first, events.length, JSON.stringify(events));
    setNext.run(first + events.length, jobId);
  });

  const reopen = db.transaction((jobId: string): KnownEnd | undefined => {
    if (!cancelledJob.get(jobId)) return undefined;
    dropFrom.run(jobId, 0);
    reopenJob.run(jobId);
    const answer = answerOf.get(jobId);
    if (!answer) return GONE;
    const { text, reasoning } = answer;
    return { end: endOf(answer), said: { text, reasoning } };
  });

  return {
    reopen,
    take(order) {
      if (order.t === "run") {
        const job = ofKind(order.job);
        return takeJob(job) ? job : undefined;
      }
      if (order.t === "cancel") requestCancel.run(order.jobId);
      else people.join(order.from, order.to);
      return undefined;
    },
    secure(orderId) {
      syncToDisk(db, () => setSetting.run(LAST_ORDER, orderId));
    },
    unsettled: () =>
      unsettled.all().map((row) => ({
        job: jobOf(row),
        ended: row.state === "ended",
        nextEvent: row.next_event,
        cancelled: row.cancelled === 1,
        begun: row.begun,
      })),
    personOf: people.personOf,
    isKnown: (jobId) => cancelledJob.get(jobId) !== null,
    isCancelled: (jobId) => cancelledJob.get(jobId)?.cancelled === 1,
    begin: (jobId) => void countBegun.run(1, jobId),
    letGo: (jobId) => void countBegun.run(-1, jobId),
    append,
    renumber,
    outbox: (jobId, from) =>
      eventsFrom
        .all(jobId, from)
        .map((row) => ({ first: row.first, events: JSON.parse(row.events) as ReplyEvent[] })),
    settle: (jobId) => void settle.run(Date.now(), jobId),
    recentlySettled: (since) =>
      settledSince.all(since).map((row) => ({ job: jobOf(row), nextEvent: row.next_event })),
    forgetSettled(until) {
      dropEvents.run(forgottenUntil, until);
      forgottenUntil = until;
    },
  };
}

/** Jobs from before there were tasks, of an older gateway or in our own table, do not say that they are turns. */
function ofKind(job: Omit<Job, "kind">): Job {
  return { kind: "turn", ...job };
}

function jobOf({ body }: { body: string }): Job {
  return ofKind(JSON.parse(body) as Job);
}

function endOf({ status, text, failure }: AnswerRow): TerminalEvent {
  if (status === "done") return { t: "done", text };
  if (status === "cancelled") return { t: "cancelled" };
  if (failure !== null) return { t: "failed", ...(JSON.parse(failure) as Failure) };
  return { t: "failed", code: "internal", message: "没有得到完整的回答，请再试一次" };
}

function textOf(event: TerminalEvent, said: Said): string {
  return event.t === "done" ? event.text : said.text;
}

function failureOf(event: TerminalEvent): string | null {
  if (event.t !== "failed") return null;
  const { code, message } = event;
  return JSON.stringify({ code, message } satisfies Failure);
}
