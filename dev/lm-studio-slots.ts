/** How many requests are served at once; the others wait in order, as in LM Studio. */
export interface Slots {
  /** Resolves when it is this request's turn, to what frees the slot; rejects when the signal aborts before that. */
  take(signal: AbortSignal): Promise<() => void>;
  running(): number;
}

export function openSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let running = 0;

  function free(): void {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
  /** Freeing twice would give one slot to two. */
  function once(): () => void {
    let freed = false;
    return () => {
      if (!freed) free();
      freed = true;
    };
  }

  return {
    running: () => running,
    take: (signal) => {
      if (running < count) {
        running++;
        return Promise.resolve(once());
      }
      return new Promise((resolve, reject) => {
        const turn = () => {
          signal.removeEventListener("abort", leave);
          resolve(once());
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(new Error("the client left the queue"));
        };
        waiting.push(turn);
        signal.addEventListener("abort", leave);
      });
    },
  };
}
