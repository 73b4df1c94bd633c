import type { Job } from "../contract/job.ts";
import { isTerminal, type ReplyEvent } from "../contract/reply-event.ts";
import type { JobStore } from "./store/job-store.ts";
import { hear, nothingSaid, type Said } from "./store/said-so-far.ts";

/** Tells the events that this process numbered from those of an earlier one. */
const PROCESS = Bun.randomUUIDv7();

/** Numbers a job's events and puts them into the outbox. */
export interface JobLog {
  readonly job: Job;
  /** This process, and the number of the first event that it wrote of this job. */
  writer(): { id: string; first: number };
  /** The number the next event gets. */
  next(): number;
  ended(): boolean;
  /** A run begins: what an earlier one had said is taken back, for a generation cannot be resumed. */
  begin(): void;
  add(event: ReplyEvent): void;
  /** Events from number `from` on, at most `limit`. */
  read(from: number, limit: number): ReplyEvent[];
  /** Gives what this process wrote new numbers from `number` on, behind a reset: what comes before is another's. */
  moveTo(number: number): void;
  /** Events before number `until` will hardly be asked for again: they need no memory. */
  forget(until: number): void;
  /** Writes what is to be written in a moment. */
  flush(): void;
}

/**
 * What is added is written, all events of one turn of the event loop as one row, and then told of: what anybody has seen
 * is still there under its number when this process dies, also if the gateway dies with it. An answer's first word waits
 * for no turn.
 */
export function openJobLog(options: {
  store: JobStore;
  job: Job;
  next: number;
  ended: boolean;
  /** What an earlier process had made of the answer. */
  said?: Said;
  /** There is something new to read; told once for what one turn of the event loop adds, and of an answer's first word. */
  onAdded: () => void;
  /** What was added cannot be written. */
  onFailure: (error: unknown) => void;
}): JobLog {
  const { store, job, onAdded, onFailure } = options;
  let first = options.next;
  let next = options.next;
  let ended = options.ended;
  const said = { ...(options.said ?? nothingSaid()) };
  let begun = options.next > 0;
  // The last events of all, those that are not written yet among them.
  let unwritten: ReplyEvent[] = [];
  // What was added since `recentFrom`, so that sending reads no disk.
  let recent: ReplyEvent[] = [];
  let recentFrom = next;
  let telling = false;

  function flush(): void {
    if (unwritten.length === 0) return;
    store.append(job, { first: next - unwritten.length, events: unwritten }, said);
    unwritten = [];
  }

  function read(from: number, limit: number): ReplyEvent[] {
    // Whoever reads sends it: also behind a push that is answered in the turn in which it was added.
    flush();
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
    unwritten.push(event);
    recent.push(event);
    next++;
    ended = isTerminal(event);
    if (ended) flush();
    else if (isFirstWord(event)) flushAndTell();
    if (telling) return;
    telling = true;
    setImmediate(() => {
      telling = false;
      flushAndTell();
    });
  }

  /** Somebody waits in front of a turn; what comes with the first word goes with the next ones. */
  function isFirstWord(event: ReplyEvent): boolean {
    return job.kind === "turn" && event.t === "delta" && said.text === event.text;
  }

  function flushAndTell(): void {
    try {
      flush();
      onAdded();
    } catch (error) {
      onFailure(error);
    }
  }

  return {
    job,
    writer: () => ({ id: PROCESS, first }),
    next: () => next,
    ended: () => ended,
    begin() {
      if (begun) add({ t: "reset" });
      begun = true;
      add({ t: "started" });
    },
    add,
    read,
    moveTo(number) {
      flush();
      const events: ReplyEvent[] = [{ t: "reset" }, ...read(first, next - first)];
      store.renumber(job.id, first, { first: number, events });
      first = number;
      next = number + events.length;
      recent = events;
      recentFrom = number;
      onAdded();
    },
    forget(until) {
      if (until <= recentFrom) return;
      recent = recent.slice(until - recentFrom);
      recentFrom = until;
    },
    flush,
  };
}
