import { sign, verify } from "hono/jwt";
import type { SignedIn } from "../../contract/user-api.ts";

/** Session tokens: signed, so that any gateway with the same secret knows who was given them, and where. */
export interface SessionTokens {
  issue(signedIn: SignedIn): Promise<string>;
  /** Undefined for one that is forged or damaged. Whether the device is still signed in, the token does not know. */
  read(token: string): Promise<SignedIn | undefined>;
}

export function openSessionTokens(secret: string): SessionTokens {
  return {
    async issue({ userId, deviceId }) {
      const issuedAt = Math.floor(Date.now() / 1_000);
      return await sign({ sub: userId, did: deviceId, iat: issuedAt }, secret, "HS256");
    },
    async read(token) {
      try {
        const { sub, did } = await verify(token, secret, { alg: "HS256", exp: false, iat: false });
        return typeof sub === "string" && typeof did === "string"
          ? { userId: sub, deviceId: did }
          : undefined;
      } catch {
        // hono/jwt throws for everything that is not a valid token.
        return undefined;
      }
    },
  };
}
