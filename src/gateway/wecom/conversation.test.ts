import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import { openChannelConversation } from "./conversation.ts";

let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

/** As the real one: the same user and key give the same conversation, on the user's agent. */
function conversationsOn(agentId: string) {
  const chat = {
    newConversationId: (user: string, key: string) => Promise.resolve(`${agentId}.${user}${key}`),
  };
  const users = { agentFor: () => Promise.resolve(agentId) };
  return openChannelConversation({ redis: parts.redis, chat, users, channel: "wecom" });
}

test("a member goes on with one conversation until they begin another", async () => {
  const conversations = conversationsOn("a1");
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

test("another agent means another conversation, each time it is chosen", async () => {
  const first = await conversationsOn("a1").current("u3");
  const second = await conversationsOn("a2").current("u3");
  expect(second).toStartWith("a2.");
  expect(await conversationsOn("a2").current("u3")).toBe(second);
  const third = await conversationsOn("a1").current("u3");
  expect(third).toStartWith("a1.");
  expect(third).not.toBe(first);
});
