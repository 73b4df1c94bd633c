import { sign, verify } from "hono/jwt";

/** After this long a user has to sign in again. */
const SESSION_SECONDS = 30 * 24 * 3600;
/** Tokens known to be good: checking a signature anew costs more than all else a request needs. */
const MAX_KNOWN_TOKENS = 10_000;

/** Session tokens: signed, so that any gateway with the same secret knows its users. */
export interface Sessions {
  issue(userId: string): Promise<string>;
  /** The user of a token; null for one that is forged, damaged or expired. */
  verify(token: string): Promise<string | null>;
}

export function openSessions(secret: string, now: () => number = Date.now): Sessions {
  const known = new Map<string, { userId: string; expiresAtMs: number }>();

  async function read(token: string) {
    try {
      const { sub, exp } = await verify(token, secret, { alg: "HS256", exp: false, iat: false });
      if (typeof sub !== "string" || typeof exp !== "number") return undefined;
      const session = { userId: sub, expiresAtMs: exp * 1_000 };
      if (known.size >= MAX_KNOWN_TOKENS) known.delete(known.keys().next().value ?? "");
      known.set(token, session);
      return session;
    } catch {
      // hono/jwt throws for everything that is not a valid token.
      return undefined;
    }
  }

  return {
    async issue(userId) {
      const issuedAt = Math.floor(now() / 1_000);
      return await sign({ sub: userId, iat: issuedAt, exp: issuedAt + SESSION_SECONDS }, secret, "HS256");
    },
    async verify(token) {
      const session = known.get(token) ?? (await read(token));
      if (!session || session.expiresAtMs <= now()) return null;
      return session.userId;
    },
  };
}
