import type { SignedIn } from "../src/contract/user-api.ts";
import type { Sessions } from "../src/gateway/users/sessions.ts";

/** Whose token it is, and on which device. @throws when nobody is signed in by it */
export async function callerOf(sessions: Sessions, token: string): Promise<SignedIn> {
  const caller = await sessions.verify(token);
  if (caller === null || caller === "removed") throw new Error(`nobody is signed in: ${caller}`);
  return caller;
}
