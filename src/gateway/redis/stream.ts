import type { RedisClient } from "./connect.ts";
import type { Hub } from "./hub.ts";
import { openMailbox } from "./mailbox.ts";
import { patiently } from "./patiently.ts";

/** An entry of a Redis stream: its id, and its fields as name → value. */
export type Entry = readonly [id: string, fields: Readonly<Record<string, string>>];

/** Before every entry. */
export const STREAM_START = "0-0";
const PAGE = 100;

/** At most `count` entries after `after`, up to the id or time (ms) `upTo`, oldest first. */
export async function readStream(
  redis: RedisClient,
  key: string,
  after: string,
  count = PAGE,
  upTo = "+",
): Promise<Entry[]> {
  const rows = await redis.xrange(key, nextId(after), upTo, "COUNT", count);
  return rows.map(([id, fields]) => [id, record(fields)]);
}

/** The id of the newest entry; STREAM_START for an empty stream. */
export async function lastId(redis: RedisClient, key: string): Promise<string> {
  const [tail] = await redis.xrevrange(key, "+", "-", "COUNT", 1);
  return tail?.[0] ?? STREAM_START;
}

/**
 * What `map` makes of every entry after `after`, in order, then live; ends with the signal. Without `after` from now on,
 * and first what `begin` makes of the place. The stream's key is also its wake-up channel.
 */
export async function* followStream<T>(options: {
  redis: RedisClient;
  hub: Hub;
  key: string;
  after: string | undefined;
  signal: AbortSignal;
  begin: (id: string) => T;
  map: (entry: Entry) => T;
  /** What is told beside the stream: `listen` wakes the reader, who then takes what there is; `id`: where it stands. */
  aside?: { listen(wake: () => void, signal: AbortSignal): void; take(id: string): readonly T[] };
}): AsyncGenerator<T> {
  const { redis, hub, key, signal, map, aside } = options;
  const bell = openMailbox<null>({ signal, limit: 1, overflow: null });
  try {
    aside?.listen(() => bell.put(null), signal);
    await patiently(signal, () => hub.listen(key, () => bell.put(null), signal));
    let last = options.after ?? (await patiently(signal, () => lastId(redis, key)));
    if (options.after === undefined) yield options.begin(last);
    while (!signal.aborted) {
      const page = await patiently(signal, () => readStream(redis, key, last));
      for (const entry of page) {
        last = entry[0];
        yield map(entry);
      }
      if (aside) yield* aside.take(last);
      if (page.length < PAGE) await bell.take();
    }
  } catch (error) {
    // It ends with its signal wherever it waits, also for Redis.
    if (!signal.aborted) throw error;
  }
}

/** The smallest id after this one: `(id` as an exclusive start needs Redis 6.2. */
function nextId(id: string): string {
  const [ms = "0", sequence = "0"] = id.split("-");
  return `${ms}-${Number(sequence) + 1}`;
}

/** Names and values by turns, as Redis answers them, as name → value. */
export function record(fields: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) result[fields[i] ?? ""] = fields[i + 1] ?? "";
  return result;
}
