import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { openSessions } from "./session.ts";

const SECRET = "session-secret-for-tests-0123456789";
const DAY_MS = 24 * 3600 * 1_000;
const sessions = openSessions(SECRET);
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const LATER = Math.floor(Date.now() / 1_000) + 3_600;

function signed(header: object, payload: object, algorithm = "sha256", secret = SECRET): string {
  const body = `${part(header)}.${part(payload)}`;
  return `${body}.${createHmac(algorithm, secret).update(body).digest("base64url")}`;
}

test("a token names its user on every gateway with the same secret", async () => {
  const token = await sessions.issue("u1");
  expect(await openSessions(SECRET).verify(token)).toBe("u1");
  expect(await sessions.verify(signed({ alg: "HS256", typ: "JWT" }, { sub: "u1", exp: LATER }))).toBe("u1");
});

test("after its time a token is worth nothing", async () => {
  let now = Date.now();
  const clocked = openSessions(SECRET, () => now);
  const token = await clocked.issue("u1");
  now += 29 * DAY_MS;
  expect(await clocked.verify(token)).toBe("u1");
  now += 2 * DAY_MS;
  expect(await clocked.verify(token)).toBeNull();
});

test("what nobody here has signed is nobody's", async () => {
  const [header = "", , signature = ""] = (await sessions.issue("u1")).split(".");
  const other = { sub: "admin", exp: LATER };
  const forged = {
    "another secret": signed({ alg: "HS256" }, other, "sha256", "guess"),
    "no signature": `${part({ alg: "none" })}.${part(other)}.`,
    "no algorithm, signed": signed({ alg: "none" }, other),
    "another algorithm": signed({ alg: "HS512" }, other, "sha512"),
    "another's signature": `${header}.${part(other)}.${signature}`,
    "no end": signed({ alg: "HS256" }, { sub: "u1" }),
    "no user": signed({ alg: "HS256" }, { exp: LATER }),
    "a user that is no text": signed({ alg: "HS256" }, { sub: { id: "u1" }, exp: LATER }),
    "no token": "Bearer",
    nothing: "",
    "two dots": "..",
  };
  for (const [what, token] of Object.entries(forged)) {
    expect([what, await sessions.verify(token)]).toEqual([what, null]);
  }
});
