import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "bun:sqlite";
import { TRPCClientError } from "@trpc/client";
import type { LinkRouter, Push, PushResult } from "../src/contract/link-api.ts";
import type { Reason } from "../src/contract/refusal.ts";
import { isTerminal, type ReplyEvent } from "../src/contract/reply-event.ts";
import type { Link } from "../src/agent/link/link.ts";
import { openDatabase } from "../src/agent/store/database.ts";
import { openJobStore } from "../src/agent/store/job-store.ts";
import type { Said } from "../src/agent/store/said-so-far.ts";

/** An agent's database in a folder of its own, which can be opened again as a restarted agent does. */
export function openTestDatabase() {
  const dir = mkdtempSync(join(tmpdir(), "claw-agent-"));
  let db = openDatabase(dir);
  return {
    dir,
    get db(): Database {
      return db;
    },
    store: () => openJobStore(db),
    reopen() {
      db.close();
      db = openDatabase(dir);
      return openJobStore(db);
    },
    close() {
      db.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What a model has said without thinking about it. */
export function said(text: string): Said {
  return { text, reasoning: "" };
}

/** A gateway's end of the link: keeps the events of each job as the real one does, unless told to do otherwise. */
export interface GatewayDouble {
  link: Link;
  pushes: Push[];
  /** The events it has of a job. */
  events(jobId: string): ReplyEvent[];
  /** It has lost all but the first `count` events of a job. */
  forget(jobId: string, count: number): void;
  /** It has more of a job than the agent, which lost it in a power cut: another process wrote it. */
  hasMore(jobId: string, events: readonly ReplyEvent[]): void;
  /** It has ended the job by itself. */
  close(jobId: string): void;
  /** What to do about a push instead; undefined: what it always does. */
  onPush: (push: Push) => Promise<PushResult> | PushResult | undefined;
  /** Pushes that wait for their answer: at most so many at once. */
  mostAtOnce(jobId: string): number;
}

export function openGatewayDouble(): GatewayDouble {
  const kept = new Map<string, ReplyEvent[]>();
  const writers = new Map<string, string | undefined>();
  const closed = new Set<string>();
  const inFlight = new Map<string, number>();
  const most = new Map<string, number>();
  const eventsOf = (jobId: string) => kept.get(jobId) ?? [];

  function keep({ jobId, writer, from, events }: Push): PushResult {
    const before = eventsOf(jobId);
    const next = before.length;
    const ended = () => closed.has(jobId) || eventsOf(jobId).some(isTerminal);
    if (!ended() && writers.get(jobId) !== writer?.id && next > (writer?.first ?? 0))
      return { next, closed: false, ahead: true };
    if (!ended() && from <= next && from + events.length > next) {
      kept.set(jobId, [...before, ...events.slice(next - from)]);
      writers.set(jobId, writer?.id);
    }
    return { next: eventsOf(jobId).length, closed: ended() };
  }
  const double: GatewayDouble = {
    pushes: [],
    events: eventsOf,
    forget: (jobId, count) => kept.set(jobId, eventsOf(jobId).slice(0, count)),
    hasMore(jobId, events) {
      kept.set(jobId, [...eventsOf(jobId), ...events]);
      writers.set(jobId, "an earlier process");
    },
    close: (jobId) => closed.add(jobId),
    onPush: () => undefined,
    mostAtOnce: (jobId) => most.get(jobId) ?? 0,
    link: {
      gateway: { push: { mutate: push } } as unknown as Link["gateway"],
      requestSignal: () => AbortSignal.timeout(10_000),
      connected: () => true,
      rejection: () => undefined,
      close: () => Promise.resolve(),
    },
  };
  async function push(one: Push): Promise<PushResult> {
    const { jobId } = one;
    const now = (inFlight.get(jobId) ?? 0) + 1;
    inFlight.set(jobId, now);
    most.set(jobId, Math.max(now, most.get(jobId) ?? 0));
    double.pushes.push(structuredClone(one));
    try {
      // As long as it takes on a real link: later than this turn.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      return (await double.onPush(one)) ?? keep(one);
    } finally {
      inFlight.set(jobId, now - 1);
    }
  }
  return double;
}

/** A refusal as it arrives over the link. */
export function refusedWith(reason: Reason): TRPCClientError<LinkRouter> {
  const error = { code: -32_000, message: "refused", data: { code: "NOT_FOUND", httpStatus: 404, reason } };
  return TRPCClientError.from<LinkRouter>({ error } as never);
}

/** For a listener that must not be called. */
export function unexpected(error: unknown): never {
  throw error;
}
