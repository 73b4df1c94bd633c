import { tracked } from "@trpc/server";

/** An event and the id to resume after. */
export type Tracked<T> = readonly [id: string, data: T];

/** Hands a port's events to tRPC with their ids, so that a client resumes after the last one it saw. */
export async function* track<T>(source: AsyncIterable<Tracked<T>>) {
  for await (const [id, data] of source) yield tracked(id, data);
}

/** tRPC gives every subscription a signal; only its type leaves that open. */
export function signalOf({ signal }: { signal: AbortSignal | undefined }): AbortSignal {
  if (!signal) throw new Error("a subscription without a signal");
  return signal;
}
