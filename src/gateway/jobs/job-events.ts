import { agentOf } from "../../contract/identifiers.ts";
import { isTerminal, type ReplyEvent } from "../../contract/reply-event.ts";
import type { Tracked } from "../../contract/tracked.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { openMailbox } from "../redis/mailbox.ts";
import { patiently } from "../redis/patiently.ts";
import { readStream } from "../redis/stream.ts";

/** Batches waiting for a slow reader before it is sent back to the stream. */
const MAX_WAITING_BATCHES = 256;

/** Some events of a job; the first has number `first` (from 1). */
interface Batch {
  first: number;
  events: readonly ReplyEvent[];
}

/**
 * The events of a job after number `seen`, each once and in order, first from the stream, then live; ends after the
 * terminal one or with the signal. What pub/sub misses or repeats is found by the numbers.
 */
export async function* followJobEvents(options: {
  redis: RedisClient;
  hub: Hub;
  jobId: string;
  seen: number;
  signal: AbortSignal;
}): AsyncGenerator<Tracked<readonly ReplyEvent[]>> {
  const { redis, hub, jobId } = options;
  // A reader that has had the terminal event goes, though its signal never aborts.
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  const key = agentKeys(agentOf(jobId)).events(jobId);
  const mailbox = openMailbox<string | null>({ signal, limit: MAX_WAITING_BATCHES, overflow: null });

  let seen = options.seen;
  let messages: (string | null)[] | undefined = [null];
  try {
    await patiently(signal, () => hub.listen(key, (message) => mailbox.put(message), signal));
    while (messages) {
      const fresh = joined(messages, seen);
      const batches = fresh ? [fresh] : await patiently(signal, () => readBatches(redis, key, seen));
      for (const batch of batches) {
        const events = batch.events.slice(seen + 1 - batch.first);
        if (events.length === 0) continue;
        seen += events.length;
        yield [`${seen}-0`, events];
        if (events.some(isTerminal)) return;
      }
      // A full page may not have been the last.
      if (fresh || batches.length === 0) messages = await mailbox.take();
    }
  } catch (error) {
    // It ends with its signal wherever it waits, also for Redis.
    if (!options.signal.aborted) throw error;
  } finally {
    left.abort();
  }
}

/** The live messages as one batch, when together they go on without a gap from `seen`; undefined: read the stream. */
function joined(messages: readonly (string | null)[], seen: number): Batch | undefined {
  const events: ReplyEvent[] = [];
  for (const message of messages) {
    if (message === null) return undefined;
    const next = seen + 1 + events.length;
    const batch = parseMessage(message, next - 1);
    if (!batch) continue;
    if (batch.first > next) return undefined;
    for (const event of batch.events.slice(next - batch.first)) events.push(event);
  }
  return { first: seen + 1, events };
}

/** A message on a job's channel: the number of events before the batch and with it, a line break, the batch as JSON. */
export function liveMessage({
  before,
  count,
  json,
}: {
  before: number;
  count: number;
  json: string;
}): string {
  return `${before} ${before + count}\n${json}`;
}

/** Undefined when the reader has all of it: what was handed to it early comes from Redis once more. */
function parseMessage(message: string, seen: number): Batch | undefined {
  const cut = message.indexOf("\n");
  const [before = 0, last = 0] = message.slice(0, cut).split(" ").map(Number);
  if (last <= seen) return undefined;
  return { first: before + 1, events: JSON.parse(message.slice(cut + 1)) as ReplyEvent[] };
}

async function readBatches(redis: RedisClient, key: string, seen: number): Promise<Batch[]> {
  const entries = await readStream(redis, key, `${seen}-0`);
  return entries.map(([id, fields]) => {
    const events = JSON.parse(fields["events"] ?? "[]") as ReplyEvent[];
    return { first: Number(id.split("-")[0]) - events.length + 1, events };
  });
}

/** The event that ended a job, and the text that had come when it did; undefined while it runs. */
export async function readOutcome(redis: RedisClient, jobId: string) {
  const key = agentKeys(agentOf(jobId)).events(jobId);
  let text = "";
  let seen = 0;
  for (;;) {
    const batches = await readBatches(redis, key, seen);
    for (const event of batches.flatMap((batch) => batch.events)) {
      seen++;
      if (event.t === "delta") text += event.text;
      else if (event.t === "reset") text = "";
      else if (isTerminal(event)) return { event, text };
    }
    if (batches.length === 0) return undefined;
  }
}
