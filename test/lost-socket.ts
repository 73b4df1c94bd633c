import { TRPCClientError } from "@trpc/client";

/** How soon one asks again. */
export const AGAIN_MS = 50;

/**
 * Whether a subscription failed at the client: tRPC's lets one fail whose socket closes just as it is moved there. The
 * gateway has said nothing, so one goes on after the last event.
 */
export function isLostSocket(error: unknown): boolean {
  return error instanceof TRPCClientError && (error.data === undefined || error.data === null);
}
