import { TRPCError } from "@trpc/server";

/** Reasons for a refusal that a client tells apart; it finds them as `error.data.reason`. */
export type Reason =
  | "not-signed-in"
  | "device-removed"
  | "sign-in-refused"
  | "sign-in-unavailable"
  | "not-found"
  | "agent-unknown"
  | "agent-offline"
  | "agent-timeout"
  | "agent-id-in-use"
  | "key-refused"
  | "superseded"
  | "too-many-tasks"
  | "not-ended"
  | "code-refused"
  | "code-locked"
  | "unavailable";

const CODES = {
  "not-signed-in": "UNAUTHORIZED",
  "device-removed": "UNAUTHORIZED",
  "sign-in-refused": "UNAUTHORIZED",
  "sign-in-unavailable": "SERVICE_UNAVAILABLE",
  "not-found": "NOT_FOUND",
  "agent-unknown": "NOT_FOUND",
  "agent-offline": "SERVICE_UNAVAILABLE",
  "agent-timeout": "GATEWAY_TIMEOUT",
  "agent-id-in-use": "CONFLICT",
  "key-refused": "UNAUTHORIZED",
  superseded: "CONFLICT",
  "too-many-tasks": "TOO_MANY_REQUESTS",
  "not-ended": "CONFLICT",
  "code-refused": "BAD_REQUEST",
  "code-locked": "TOO_MANY_REQUESTS",
  unavailable: "SERVICE_UNAVAILABLE",
} as const satisfies Record<Reason, TRPCError["code"]>;

class Refused extends Error {
  readonly reason: Reason;
  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The error a port throws when it will not do what it was asked. `message` is for the user, in Chinese. */
export function refusal(reason: Reason, message: string): TRPCError {
  return new TRPCError({ code: CODES[reason], message, cause: new Refused(reason, message) });
}

/** The reason of a refusal; undefined for any other error. */
export function reasonOf(error: unknown): Reason | undefined {
  const cause = error instanceof TRPCError ? error.cause : error;
  return cause instanceof Refused ? cause.reason : undefined;
}
