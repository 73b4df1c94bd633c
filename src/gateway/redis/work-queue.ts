import { backoffMs, pause } from "../../backoff.ts";
import type { Logger } from "../../log.ts";
import type { RedisClient } from "./connect.ts";
import type { Hub } from "./hub.ts";
import { openMailbox } from "./mailbox.ts";
import type { RestartWatch } from "./restart-watch.ts";
import { type Entry, readStream, STREAM_START } from "./stream.ts";

/** Entries in memory, most of them behind others of their group; more wait in Redis. */
const MAX_IN_HAND = 256;
/** Entries handled at once: enough to keep Redis busy, few enough to leave the process to those who wait for an answer. */
const MAX_AT_ONCE = 3;
/** A wake-up is only a hint: should one be lost, the stream is looked at again after this long. */
const RECHECK_MS = 1_000;
const RETRY = { firstMs: 100, maxMs: 10_000 };

/**
 * Handles a stream as a work queue until the signal aborts: an entry is deleted once `handle` has resolved, and tried
 * again when it throws. Entries of one group are handled in order, different groups at the same time. One process
 * should do this at a time (a lease); `handle` must bear being called twice for an entry all the same.
 */
export async function workOff<Item>(options: {
  redis: RedisClient;
  hub: Hub;
  restarts: Pick<RestartWatch, "count">;
  key: string;
  log: Logger;
  signal: AbortSignal;
  /** From a wake-up to the look: what comes meanwhile is read with it. */
  gatherMs: number;
  /** What an entry says; one that says nothing is handled too, as undefined, in a group of its own. */
  read: (fields: Entry[1]) => Item | undefined;
  group: (item: Item) => string;
  handle: (id: string, item: Item | undefined) => Promise<void>;
}): Promise<void> {
  const { redis, hub, restarts, key, log, signal, gatherMs } = options;
  const bell = openMailbox<null>({ signal, limit: 1, overflow: null });
  const recheck = setInterval(() => bell.put(null), RECHECK_MS);
  const groups = new Map<string, Promise<void>>();
  const places = openPlaces(MAX_AT_ONCE);
  const inHand = new Set<string>();
  let last = STREAM_START;
  let mayLack = false;
  try {
    await hub.listen(key, hear, signal);
    while (!signal.aborted) {
      if (mayLack) last = STREAM_START;
      mayLack = false;
      const room = MAX_IN_HAND - inHand.size;
      const page = room > 0 ? await readStream(redis, key, last, room) : [];
      for (const entry of page) {
        last = entry[0];
        if (!inHand.has(last)) start(entry);
      }
      if (page.length > 0) continue;
      if (!(await bell.take())) break;
      await pause(gatherMs, signal);
    }
  } finally {
    clearInterval(recheck);
    await Promise.allSettled(groups.values());
  }

  function hear(message: string | null): void {
    // Perhaps Redis has lost its last moments, and what was deleted is there again; what came of it may be lost, too.
    mayLack ||= message === null;
    bell.put(null);
  }

  function start(entry: Entry): void {
    const [id, fields] = entry;
    const item = options.read(fields);
    const group = item === undefined ? "" : options.group(item);
    inHand.add(id);
    const done = (groups.get(group) ?? Promise.resolve())
      .then(() => handleUntilDone(id, item))
      .finally(() => {
        if (inHand.size === MAX_IN_HAND) bell.put(null);
        inHand.delete(id);
        if (groups.get(group) === done) groups.delete(group);
      });
    groups.set(group, done);
  }

  async function handleUntilDone(id: string, item: Item | undefined): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const restartsBefore = restarts.count();
      try {
        await places.take();
        try {
          await options.handle(id, item);
        } finally {
          places.free();
        }
        await redis.xdel(key, id);
        // A Redis that came back in between may have lost what was just done, and then deleted the entry.
        if (restarts.count() === restartsBefore) return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn("处理队列中的一项失败，稍后重试", { key, id, attempt, error });
        await pause(backoffMs(attempt, RETRY), signal);
      }
    }
  }
}

/** So many may have a place at once; the others wait for theirs in order. */
function openPlaces(count: number): { take(): Promise<void>; free(): void } {
  const waiting: (() => void)[] = [];
  let left = count;
  return {
    async take() {
      if (left > 0) left--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    free() {
      const next = waiting.shift();
      if (next) next();
      else left++;
    },
  };
}
