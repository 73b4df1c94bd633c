import { TRPCClientError } from "@trpc/client";
import type { UserRouter } from "../src/contract/user-api.ts";

export interface Refused {
  code: string | undefined;
  reason: string | undefined;
  message: string;
}

/** How a call was refused. @throws when it was not, or when there was no answer */
export async function refused(call: Promise<unknown>): Promise<Refused> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error;
    const { data, message } = error as TRPCClientError<UserRouter>;
    return { code: data?.code, reason: data?.reason, message };
  }
  throw new Error("it was not refused");
}

/** How a subscription was refused. @throws when something came, or when it ended without an error */
export function refusedSubscription(
  subscribe: (handlers: {
    onData: () => void;
    onComplete: () => void;
    onError: (e: unknown) => void;
  }) => unknown,
): Promise<Refused> {
  return refused(
    new Promise((resolve, reject) => {
      subscribe({ onData: () => resolve("data"), onComplete: () => resolve("complete"), onError: reject });
    }),
  );
}
