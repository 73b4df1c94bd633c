import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { openSessionTokens } from "./session-token.ts";

const SECRET = "session-secret-for-tests-0123456789";
const tokens = openSessionTokens(SECRET);
const SIGNED_IN = { userId: "u1", deviceId: "device-1" };
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function signed(header: object, payload: object, algorithm = "sha256", secret = SECRET): string {
  const body = `${part(header)}.${part(payload)}`;
  return `${body}.${createHmac(algorithm, secret).update(body).digest("base64url")}`;
}

test("a token names its user and device on every gateway with the same secret", async () => {
  const token = await tokens.issue(SIGNED_IN);
  expect(await openSessionTokens(SECRET).read(token)).toEqual(SIGNED_IN);
  const ours = signed({ alg: "HS256", typ: "JWT" }, { sub: "u1", did: "device-1" });
  expect(await tokens.read(ours)).toEqual(SIGNED_IN);
});

test("what nobody here has signed is nobody's", async () => {
  const [header = "", , signature = ""] = (await tokens.issue(SIGNED_IN)).split(".");
  const other = { sub: "admin", did: "device-1" };
  const forged = {
    "another secret": signed({ alg: "HS256" }, other, "sha256", "guess"),
    "no signature": `${part({ alg: "none" })}.${part(other)}.`,
    "no algorithm, signed": signed({ alg: "none" }, other),
    "another algorithm": signed({ alg: "HS512" }, other, "sha512"),
    "another's signature": `${header}.${part(other)}.${signature}`,
    "no device": signed({ alg: "HS256" }, { sub: "u1" }),
    "no user": signed({ alg: "HS256" }, { did: "device-1" }),
    "a user that is no text": signed({ alg: "HS256" }, { sub: { id: "u1" }, did: "device-1" }),
    "no token": "Bearer",
    nothing: "",
    "two dots": "..",
  };
  for (const [what, token] of Object.entries(forged)) {
    expect([what, await tokens.read(token)]).toEqual([what, undefined]);
  }
});
