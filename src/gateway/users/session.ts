import { sign, verify } from "hono/jwt";

/** After this long a user has to sign in again. */
const SESSION_SECONDS = 30 * 24 * 3600;

/** Session tokens: signed, so that any gateway with the same secret knows its users. */
export interface Sessions {
  issue(userId: string): Promise<string>;
  /** The user of a token; null for one that is forged, damaged or expired. */
  verify(token: string): Promise<string | null>;
}

export function openSessions(secret: string, now: () => number = Date.now): Sessions {
  return {
    async issue(userId) {
      const issuedAt = Math.floor(now() / 1_000);
      return await sign({ sub: userId, iat: issuedAt, exp: issuedAt + SESSION_SECONDS }, secret, "HS256");
    },
    async verify(token) {
      try {
        const { sub, exp } = await verify(token, secret, { alg: "HS256", exp: false, iat: false });
        return typeof sub === "string" && typeof exp === "number" && exp * 1_000 > now() ? sub : null;
      } catch {
        // hono/jwt throws for everything that is not a valid token.
        return null;
      }
    },
  };
}
