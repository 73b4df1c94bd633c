/** Of a model's answers the end comes at a steady rate, however much has come before, once it is let go. */
export interface SteadyEnd {
  /** For the model's stand-in. */
  readonly beforeToken: (said: string) => Promise<void>;
  /** Answers that wait to be let go. */
  waiting(): number;
  letGo(): void;
  stop(): void;
}

/** @param fromChars where the end of an answer begins */
export function openSteadyEnd(fromChars: number, tokensPerSecond: number): SteadyEnd {
  const isLetGo = Promise.withResolvers<void>();
  let waiting = 0;
  let tick = Promise.withResolvers<void>();
  let timer: Timer | undefined;

  /** A timer that is late is made up for: the next one comes the sooner. */
  function goOn(startMs: number, ticks: number) {
    const dueMs = startMs + (ticks * 1000) / tokensPerSecond;
    timer = setTimeout(
      () => {
        tick.resolve();
        tick = Promise.withResolvers();
        goOn(startMs, ticks + 1);
      },
      Math.max(0, dueMs - performance.now()),
    );
  }

  return {
    async beforeToken(said) {
      if (said.length < fromChars) return;
      waiting++;
      await isLetGo.promise;
      waiting--;
      await tick.promise;
    },
    waiting: () => waiting,
    letGo() {
      isLetGo.resolve();
      goOn(performance.now(), 1);
    },
    stop: () => clearTimeout(timer),
  };
}
