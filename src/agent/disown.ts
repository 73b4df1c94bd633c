import { backoffMs, pause } from "../backoff.ts";
import type { Logger } from "../log.ts";
import type { Link } from "./link/link.ts";

const RETRY = { firstMs: 100, maxMs: 2_000 };
/** A gateway that does not take it by then will hear of it at the next cancellation. */
const MAX_TRIES = 30;

/**
 * Ends a job at the gateway that is to be cancelled but is not known here: this agent has lost it with its data, or never
 * got it. Otherwise it would count as running for as long as the gateway keeps jobs.
 */
export function disown(options: { jobId: string; link: Link; logger: Logger; signal: AbortSignal }): void {
  endAtGateway(options).catch((error: unknown) =>
    options.logger.warn("没能结束本机不认识的任务", { jobId: options.jobId, error }),
  );
}

async function endAtGateway({ jobId, link, signal }: Parameters<typeof disown>[0]): Promise<void> {
  const id = Bun.randomUUIDv7();
  let from = 0;
  for (let attempt = 0; attempt < MAX_TRIES && !signal.aborted; attempt++) {
    try {
      const push = { jobId, writer: { id, first: from }, from, events: [{ t: "cancelled" as const }] };
      const { next, closed } = await link.gateway.push.mutate(push, { signal: link.requestSignal() });
      if (closed) return;
      from = next;
    } catch {
      await pause(backoffMs(attempt, RETRY), signal);
    }
  }
}
