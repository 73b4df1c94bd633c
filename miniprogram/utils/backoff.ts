/**
 * How long to wait before try `attempt` (from 0): 0.5 s, doubling up to 15 s, jittered down to half, so that all phones of
 * a restarted gateway do not come back in step. In ms.
 */
export function backoffMs(attempt: number): number {
  const full = Math.min(500 * 2 ** Math.min(attempt, 10), 15_000);
  return full * (0.5 + Math.random() / 2);
}
