/** Single-reader queue between callbacks and a loop; it ends with its signal, so that no loop waits for ever. */
export interface Mailbox<T> {
  put(item: T): void;
  /** Everything that is there, waiting for the first; undefined when the signal has aborted. */
  take(): Promise<T[] | undefined>;
}

/**
 * @param overflow stands for everything in the box once it holds `limit` items: a slow reader then reads the stream
 *   instead of filling the memory
 */
export function openMailbox<T>(options: { signal: AbortSignal; limit: number; overflow: T }): Mailbox<T> {
  const { signal, limit, overflow } = options;
  let items: T[] = [];
  let wake: (() => void) | undefined;
  signal.addEventListener("abort", () => wake?.(), { once: true });
  return {
    put(item) {
      if (items.length >= limit) items = [overflow];
      else items.push(item);
      wake?.();
    },
    async take() {
      if (items.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
      if (signal.aborted) return undefined;
      const taken = items;
      items = [];
      return taken;
    },
  };
}
