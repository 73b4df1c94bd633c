/** Bounds one request in time, and ends it when its caller does. */
export interface RequestLimit {
  /** Aborts with the caller's reason, or with the error of the limit that was passed. */
  readonly signal: AbortSignal;
  /** Aborts the request `ms` from now. */
  endAfter(ms: number, late: () => Error): void;
  /**
   * Waits for a part of the request, which must settle when `signal` aborts; aborts it after `ms`.
   * @throws the signal's reason once the part has settled, so that nothing of the request goes on behind the caller.
   */
  wait<T>(part: Promise<T>, ms: number, late: () => Error): Promise<T>;
  /** Ends the request, if it is still under way, and its timers. */
  close(): void;
}

export function limitRequest(caller: AbortSignal): RequestLimit {
  const own = new AbortController();
  const signal = AbortSignal.any([caller, own.signal]);
  const timers = new Set<NodeJS.Timeout>();

  function start(ms: number, late: () => Error): NodeJS.Timeout {
    const timer = setTimeout(() => own.abort(late()), ms);
    timers.add(timer);
    return timer;
  }
  function stop(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    timers.delete(timer);
  }

  return {
    signal,
    endAfter: (ms, late) => {
      start(ms, late);
    },
    wait: async (part, ms, late) => {
      const timer = start(ms, late);
      try {
        return await part;
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        stop(timer);
      }
    },
    close: () => {
      timers.forEach(stop);
      own.abort();
    },
  };
}
