/** Something that a loop waits for, or had rung before it came to wait. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

export function openBell(): Bell {
  let rung = Promise.withResolvers<void>();
  const ring = () => rung.resolve();
  return {
    ring,
    async wait(signal) {
      if (!signal.aborted) {
        signal.addEventListener("abort", ring, { once: true });
        await rung.promise;
        signal.removeEventListener("abort", ring);
      }
      rung = Promise.withResolvers<void>();
    },
  };
}
