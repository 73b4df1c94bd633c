import { TRPCError } from "@trpc/server";
import { expect, test } from "bun:test";
import { reasonOf, refusal } from "./refusal.ts";
import { withReason } from "./user-api.ts";

test("clients tell refusals apart by their reason, not by their words", () => {
  const error = refusal("agent-offline", "智能体不在线");
  expect(reasonOf(error)).toBe("agent-offline");
  // As tRPC's client hands on what its link threw.
  expect(reasonOf(error.cause)).toBe("agent-offline");
  expect(reasonOf(new TRPCError({ code: "NOT_FOUND" }))).toBeUndefined();
  expect(reasonOf(new Error("agent-offline"))).toBeUndefined();
  expect(withReason({ shape: { message: error.message, data: { code: error.code } }, error })).toEqual({
    message: "智能体不在线",
    data: { code: "SERVICE_UNAVAILABLE", reason: "agent-offline" },
  });
});

test("of our own bugs a client learns nothing", () => {
  const error = new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause: new Error("redis://:secret@host") });
  const shape = withReason({ shape: { message: error.message, data: {} }, error });
  expect(JSON.stringify(shape)).not.toContain("secret");
});
