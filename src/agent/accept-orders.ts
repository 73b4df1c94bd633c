import { backoffMs, pause } from "../backoff.ts";
import type { Link } from "./link/link.ts";
import { openBell } from "./bell.ts";
import type { JobStore } from "./store/job-store.ts";

/** Orders that come together share one sync, and the sync does not hold up the request to the model server. */
const GATHER_MS = 30;
const RETRY = { firstMs: 100, maxMs: 5_000 };

/** Tells the gateway which orders it may let go of. */
export interface OrderAcceptor {
  /** This order, and all before it, have been taken. */
  taken(orderId: string): void;
  stop(): Promise<void>;
}

/** Work on an order begins before this: a sync to the disk takes milliseconds, and the user is waiting. */
export function openOrderAcceptor(options: {
  store: JobStore;
  link: () => Link;
  onFailure: (error: unknown) => void;
}): OrderAcceptor {
  const { store, link, onFailure } = options;
  const stopping = new AbortController();
  const bell = openBell();
  let taken: string | undefined;
  let accepted: string | undefined;
  const loop = acceptAll().catch(onFailure);

  async function acceptAll(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      if (taken === undefined || taken === accepted) {
        await bell.wait(stopping.signal);
        await pause(GATHER_MS, stopping.signal);
        continue;
      }
      const upTo = taken;
      // A disk that refuses is for whoever watches the process: nothing can be taken any more.
      store.secure(upTo);
      try {
        await link().gateway.accept.mutate({ upTo }, { signal: link().requestSignal() });
        accepted = upTo;
        failures = 0;
      } catch {
        // The gateway keeps the orders until it hears of them; the link says what is wrong.
        await pause(backoffMs(failures++, RETRY), stopping.signal);
      }
    }
  }

  return {
    taken(orderId) {
      // Offered again, so the gateway does not know of it any more.
      if (orderId === accepted) accepted = undefined;
      taken = orderId;
      bell.ring();
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
