/**
 * How long to wait before try number `attempt` (from 0): the first `quickTries` at `firstMs`, then doubling up to `maxMs`.
 * Jittered down to half, so that many clients of one restarted server do not come back in step.
 */
export function backoffMs(
  attempt: number,
  policy: { firstMs: number; maxMs: number; quickTries?: number },
): number {
  const doublings = Math.max(0, attempt - (policy.quickTries ?? 0));
  const full = Math.min(policy.firstMs * 2 ** Math.min(doublings, 30), policy.maxMs);
  return full * (0.5 + Math.random() / 2);
}

/** Resolves after `ms`, or at once when the signal aborts; never rejects, so that loops check the signal themselves. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish);
  });
}
