import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import type { Chat } from "../users/chat.ts";
import { openChannelConversation } from "./conversation.ts";

let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

/** As the real one: the same user and key give the same conversation. */
function conversationsOn(agentIds: readonly string[]) {
  const newConversationId = (userId: string, key: string) => `${agentIds[0]}.${userId}${key}`;
  const chat = { newConversationId } as Chat;
  return openChannelConversation({ redis: parts.redis, chat, channel: "wecom", agentIds });
}

test("a member goes on with one conversation until they begin another", async () => {
  const conversations = conversationsOn(["a1"]);
  const first = await conversations.current("u1");
  expect(await conversations.current("u1")).toBe(first);
  await conversations.begin("u1", "m1");
  const second = await conversations.current("u1");
  expect(second).not.toBe(first);
  // The same message again, after a crash.
  await conversations.begin("u1", "m1");
  expect(await conversations.current("u1")).toBe(second);
  expect(await conversations.current("u2")).not.toBe(second);
});

test("an agent that is gone took its conversation with it", async () => {
  expect(await conversationsOn(["a1", "a2"]).current("u3")).toStartWith("a1.");
  expect(await conversationsOn(["a2", "a1"]).current("u3")).toStartWith("a1.");
  expect(await conversationsOn(["a2"]).current("u3")).toStartWith("a2.");
});
