import * as v from "valibot";
import { SEEN_TTL_SECONDS, wecomKeys } from "../redis/keys.ts";
import type { Command } from "./command.ts";
import { TEXTS } from "./texts.ts";

const Given = v.pipe(v.string(), v.parseJson(), v.object({ code: v.string(), validMs: v.number() }));

/** Gives a code that joins this member and a mini-program user. */
export const bind: Command = async ({ redis, bindings }, { userId, key }) => {
  const noteKey = wecomKeys.meant(key);
  const noted = v.safeParse(Given, await redis.get(noteKey));
  // A member's code ends with the next one: a repeat of the message must not end the one that its first answer named.
  const given = noted.success ? noted.output : await bindings.newCode(userId);
  if (given === "too-many") return TEXTS.tooManyCodes;
  await redis.set(noteKey, JSON.stringify(given), "EX", SEEN_TTL_SECONDS);
  return TEXTS.bindingCode(given.code, Math.round(given.validMs / 60_000));
};
