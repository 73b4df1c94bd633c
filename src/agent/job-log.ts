import type { Job } from "../contract/job.ts";
import { isTerminal, type ReplyEvent } from "../contract/reply-event.ts";
import type { JobStore } from "./store/job-store.ts";
import { hear, nothingSaid, type Said } from "./store/said-so-far.ts";

/** Tells the events that this process numbered from those of an earlier one. */
const PROCESS = Bun.randomUUIDv7();

/** Numbers a job's events and puts them into the outbox, before anybody else sees them. */
export interface JobLog {
  readonly job: Job;
  /** This process, and the number of the first event that it wrote of this job. */
  writer(): { id: string; first: number };
  /** The number the next event gets, of those in the outbox. */
  next(): number;
  ended(): boolean;
  /** A run begins: what an earlier one had said is taken back, for a generation cannot be resumed. */
  begin(): void;
  add(event: ReplyEvent): void;
  /** Events from number `from` on that are in the outbox, at most `limit`. */
  read(from: number, limit: number): ReplyEvent[];
  /** Gives what this process wrote new numbers from `number` on, behind a reset: what comes before is another's. */
  moveTo(number: number): void;
  /** Events before number `until` will hardly be asked for again: they need no memory. */
  forget(until: number): void;
}

/**
 * What is added in one turn of the event loop becomes one row: a fast model writes hundreds of tokens a second, and one
 * commit serves them all. A terminal event is written at once.
 */
export function openJobLog(options: {
  store: JobStore;
  job: Job;
  next: number;
  ended: boolean;
  /** What an earlier process had made of the answer. */
  said?: Said;
  /** The outbox has something new. */
  onWritten: () => void;
}): JobLog {
  const { store, job, onWritten } = options;
  let first = options.next;
  let written = options.next;
  let ended = options.ended;
  const said = { ...(options.said ?? nothingSaid()) };
  let begun = options.next > 0;
  let pending: ReplyEvent[] = [];
  // What was written since `recentFrom`, so that sending reads no disk.
  let recent: ReplyEvent[] = [];
  let recentFrom = written;

  function write(): void {
    if (pending.length === 0) return;
    const events = pending;
    pending = [];
    store.append(job, { first: written, events }, said);
    for (const event of events) recent.push(event);
    written += events.length;
    onWritten();
  }

  function read(from: number, limit: number): ReplyEvent[] {
    if (from >= recentFrom) return recent.slice(from - recentFrom, from - recentFrom + limit);
    const events: ReplyEvent[] = [];
    for (const batch of store.outbox(job.id, from)) {
      // A gap: what comes first was lost, and what comes behind it must not take its numbers.
      if (batch.first > from + events.length) break;
      for (const event of batch.events.slice(Math.max(0, from - batch.first))) events.push(event);
      if (events.length >= limit) break;
    }
    return events.slice(0, limit);
  }

  function add(event: ReplyEvent): void {
    if (ended) throw new Error(`an event after the end of job ${job.id}`);
    hear(said, event);
    pending.push(event);
    ended = isTerminal(event);
    if (ended) write();
    else if (pending.length === 1) setImmediate(write);
  }

  return {
    job,
    writer: () => ({ id: PROCESS, first }),
    next: () => written,
    ended: () => ended,
    begin() {
      if (begun) add({ t: "reset" });
      begun = true;
      add({ t: "started" });
    },
    add,
    read,
    moveTo(number) {
      write();
      const events: ReplyEvent[] = [{ t: "reset" }, ...read(first, written - first)];
      store.renumber(job.id, first, { first: number, events });
      first = number;
      written = number + events.length;
      recent = events;
      recentFrom = number;
      onWritten();
    },
    forget(until) {
      if (until <= recentFrom) return;
      recent = recent.slice(until - recentFrom);
      recentFrom = until;
    },
  };
}
