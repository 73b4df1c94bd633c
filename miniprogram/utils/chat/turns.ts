import type { HistoryMessage, HistoryPage } from "../../../src/contract/conversation";
import type { JobSummary } from "../../../src/contract/job";
import type { Accepted, OutgoingMessage } from "../outbox/outbox";
import { newAnswer, newTurn, takeDelivery, takeHistory, takeOutgoing, type Turn } from "./turn";

/** The turns of a conversation in their order, whatever they were learnt from: each job once. */
export interface Turns {
  readonly all: readonly Turn[];
  /** Where older ones begin; undefined: there are none, or nothing is known yet. */
  readonly before: string | undefined;
  byJob(jobId: string): Turn | undefined;
  byKey(key: string): Turn | undefined;
  /** What waits in the outbox; a turn that does not any more and was not taken is gone. */
  takeOutgoing(messages: readonly OutgoingMessage[]): void;
  accept(accepted: Accepted, now: number): Turn;
  /** What the feed tells of a job, whichever device has sent it. */
  takeJob(job: JobSummary): Turn;
  /**
   * The newest page. `expected`: the jobs that were known to be in the history when it was asked for (`begun`): one that
   * is not in it has been deleted or replaced.
   */
  takeNewest(page: HistoryPage, expected: ReadonlySet<string>): void;
  takeOlder(page: HistoryPage): void;
  /** Jobs that the history must have by now. */
  begun(): Set<string>;
}

export function openTurns(): Turns {
  let all: Turn[] = [];
  let before: string | undefined;
  let keys = 0;

  const byJob = (jobId: string) => all.find((turn) => turn.jobId === jobId);
  const add = (jobId?: string) => newTurn(`t${++keys}`, jobId);

  /** The turns of a page, with what is known of them here. */
  function turnsOf(messages: readonly HistoryMessage[]): Turn[] {
    const found = new Map<string, Turn>();
    for (const message of messages) {
      const turn = found.get(message.jobId) ?? byJob(message.jobId) ?? add(message.jobId);
      found.set(message.jobId, turn);
      takeHistory(turn, message);
    }
    return [...found.values()];
  }

  /** Of what is here, that which is older than a page: all before the first that both have. */
  function olderThan(page: readonly Turn[], hasOlder: boolean): Turn[] {
    const kept = all.filter((turn) => turn.kept && turn.jobId !== undefined);
    const first = kept.findIndex((turn) => page.includes(turn));
    return first < 0 || !hasOlder ? [] : kept.slice(0, first);
  }

  return {
    get all() {
      return all;
    },
    get before() {
      return before;
    },
    byJob,
    byKey: (key) => all.find((turn) => turn.key === key),

    takeOutgoing(messages) {
      all = all.filter(
        ({ outboxKey }) => outboxKey === undefined || messages.some(({ key }) => key === outboxKey),
      );
      for (const message of messages) {
        let turn = all.find(({ outboxKey }) => outboxKey === message.key);
        if (!turn) all = [...all, (turn = add())];
        takeOutgoing(turn, message);
      }
    },

    accept({ message, jobId }, now) {
      const own = all.find(({ outboxKey }) => outboxKey === message.key);
      const known = byJob(jobId);
      // Heard of in another way before the gateway's answer came: it is the same one.
      if (known) all = all.filter((turn) => turn !== own);
      const turn = known ?? own ?? add(jobId);
      if (!all.includes(turn)) all = [...all, turn];
      takeOutgoing(turn, { ...message, state: "sending" });
      Object.assign(turn, { jobId, outboxKey: undefined });
      if (turn.question) turn.question.state = "sent";
      turn.answer ??= newAnswer(now);
      return turn;
    },

    takeJob(job) {
      const turn = byJob(job.jobId) ?? add(job.jobId);
      if (!all.includes(turn)) all = [...all, turn];
      const { preview, createdAt } = job;
      turn.question ??= { text: preview, whole: false, at: createdAt, state: "sent", reason: "" };
      turn.answer ??= newAnswer(createdAt);
      if (job.status === "delivered") takeDelivery(turn.answer);
      return turn;
    },

    takeNewest(page, expected) {
      const known = new Set(all.filter(({ kept }) => kept));
      const turns = turnsOf(page.messages);
      const overlaps = turns.some((turn) => known.has(turn));
      const older = olderThan(
        turns.filter((turn) => known.has(turn)),
        page.before !== undefined,
      );
      // Without a turn that both have, something is missing in between: begin anew from this page.
      if (!overlaps || older.length === 0) before = page.before;
      const live = all.filter(
        (turn) => !turns.includes(turn) && !known.has(turn) && !expected.has(turn.jobId ?? ""),
      );
      all = [...(overlaps ? older : []), ...turns, ...live];
    },

    takeOlder(page) {
      const turns = turnsOf(page.messages);
      before = page.before;
      all = [...turns.filter((turn) => !all.includes(turn)), ...all];
    },

    begun: () => new Set(all.filter(({ answer }) => answer?.begun).map(({ jobId }) => jobId ?? "")),
  };
}
