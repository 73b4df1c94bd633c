import { backoffMs } from "../backoff";

/** When the next try may begin. One waits at a time. */
export interface RetryGate {
  /** Resolves when it may: the first time at once, then with growing pauses. */
  wait(): Promise<void>;
  /** Ends the present pause, or leaves out the next one; the pauses begin small again. */
  openNow(): void;
  /** Nobody may pass until `openNow`. */
  hold(): void;
  /** The last try was a success. */
  succeeded(): void;
}

export function openRetryGate(): RetryGate {
  let attempt = 0;
  let isFree = true;
  let isHeld = false;
  let pass: (() => void) | undefined;

  function letPass(): void {
    const waiting = pass;
    pass = undefined;
    waiting?.();
  }

  return {
    async wait() {
      if (isFree && !isHeld) {
        isFree = false;
        return;
      }
      const pauseMs = backoffMs(attempt++);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          if (!isHeld) letPass();
        }, pauseMs);
        pass = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      isFree = false;
    },
    openNow() {
      isHeld = false;
      attempt = 0;
      isFree = pass === undefined;
      letPass();
    },
    hold() {
      isHeld = true;
    },
    succeeded() {
      attempt = 0;
      isFree = false;
    },
  };
}
