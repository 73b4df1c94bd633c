import type { RedisClient } from "./connect.ts";

/** Hears a channel's messages. `null` says that some may have been missed: look at the stream. */
export type Listener = (message: string | null) => void;

/** Redis pub/sub for a whole process over one connection. */
export interface Hub {
  /** Resolves when nothing published from now on is missed; ends with the signal. */
  listen(channel: string, listener: Listener, signal: AbortSignal): Promise<void>;
  /** Tells the listeners of this process, without Redis. */
  tellHere(channel: string, message: string): void;
}

export function openHub(subscriber: RedisClient): Hub {
  const channels = new Map<string, { listeners: Set<Listener>; subscribed: Promise<unknown> }>();

  function tellHere(channel: string, message: string): void {
    for (const listener of channels.get(channel)?.listeners ?? []) listener(message);
  }

  subscriber.on("message", tellHere);
  // ioredis subscribes again by itself, but what was published meanwhile is gone.
  subscriber.on("ready", () => {
    if (channels.size === 0) return;
    // Only once Redis has confirmed them: whoever looked sooner could miss what comes between the look and that.
    subscriber.subscribe(...channels.keys()).then(tellOfGap, () => {
      // The connection is down again, and "ready" comes again; or it is stuck.
      if (subscriber.status === "ready") subscriber.disconnect(true);
    });
  });

  function tellOfGap(): void {
    for (const { listeners } of channels.values()) for (const listener of listeners) listener(null);
  }

  return {
    tellHere,
    async listen(channel, listener, signal) {
      signal.throwIfAborted();
      let entry = channels.get(channel);
      if (!entry)
        channels.set(channel, (entry = { listeners: new Set(), subscribed: subscriber.subscribe(channel) }));
      const mine = entry;
      mine.listeners.add(listener);
      const leave = () => {
        mine.listeners.delete(listener);
        if (mine.listeners.size > 0 || channels.get(channel) !== mine) return;
        channels.delete(channel);
        subscriber.unsubscribe(channel).catch(() => {
          // The connection is down, and so the subscription is gone as well.
        });
      };
      signal.addEventListener("abort", leave, { once: true });
      try {
        await mine.subscribed;
      } catch (error) {
        signal.removeEventListener("abort", leave);
        leave();
        throw error;
      }
    },
  };
}
