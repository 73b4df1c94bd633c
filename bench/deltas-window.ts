/** Sends one delta after the other, but never more than were allowed. */
export interface DeltaWindow {
  /** Deltas up to this number may go out. */
  allow(upTo: number): void;
  /** Sends `count` in all. */
  send(count: number, emit: (number: number) => void): Promise<void>;
}

export function openDeltaWindow(): DeltaWindow {
  let allowed = 0;
  let opened = Promise.withResolvers<void>();
  return {
    allow(upTo) {
      allowed = upTo;
      opened.resolve();
    },
    async send(count, emit) {
      let sent = 0;
      while (sent < count) {
        opened = Promise.withResolvers();
        while (sent < Math.min(count, allowed)) emit(sent++);
        if (sent < count) await opened.promise;
      }
      allowed = 0;
    },
  };
}
