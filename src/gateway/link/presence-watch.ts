import { pause } from "../../backoff.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { openMailbox } from "../redis/mailbox.ts";
import { patiently } from "../redis/patiently.ts";
import type { Links } from "./links.ts";

/** Nobody says so when an agent's gateway has died and its presence runs out: it is looked at as often as this. */
const LOOK_EVERY_MS = 2_500;
/** An agent that is busy reports with every job; every user hears of it, so not more often than this. */
const TELL_EVERY_MS = 1_000;

/** What changes in the presence of agents, for everybody on this gateway who wants to know. */
export interface PresenceWatch {
  /** Rises with every change. */
  version(): number;
  /** Those whose presence has changed after that version, as it is now. */
  changedAfter(version: number): AgentPresence[];
  /** Calls `listener` at each change, until the signal aborts. */
  listen(listener: () => void, signal: AbortSignal): void;
  /** Looks until the signal of the watch aborts. */
  run(): Promise<void>;
}

export function openPresenceWatch(options: {
  hub: Hub;
  links: Links;
  agentIds: readonly string[];
  signal: AbortSignal;
  lookEveryMs?: number;
  tellEveryMs?: number;
}): PresenceWatch {
  const { hub, links, agentIds, signal, lookEveryMs = LOOK_EVERY_MS, tellEveryMs = TELL_EVERY_MS } = options;
  const known = new Map<string, { presence: AgentPresence; version: number }>();
  const listeners = new Set<() => void>();
  let version = 0;

  async function look(agentId: string): Promise<void> {
    const presence = await links.presence(agentId);
    const before = known.get(agentId);
    if (before && Bun.deepEquals(before.presence, presence)) return;
    // What is found at the beginning is no change.
    known.set(agentId, { presence, version: before ? ++version : 0 });
    if (before) for (const listener of listeners) listener();
  }

  async function watch(agentId: string): Promise<void> {
    const bell = openMailbox<null>({ signal, limit: 1, overflow: null });
    const timer = setInterval(() => bell.put(null), lookEveryMs);
    try {
      const { presence } = agentKeys(agentId);
      await patiently(signal, () => hub.listen(presence, () => bell.put(null), signal));
      do {
        // Redis is away: it is asked again at the next look.
        await look(agentId).catch(() => {});
        await pause(tellEveryMs, signal);
      } while (await bell.take());
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      clearInterval(timer);
    }
  }

  return {
    version: () => version,
    changedAfter: (version) =>
      [...known.values()].filter((one) => one.version > version).map(({ presence }) => presence),
    listen(listener, signal) {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener), { once: true });
    },
    async run() {
      await Promise.all(agentIds.map(watch));
    },
  };
}
