import { expect, test } from "bun:test";
import * as v from "valibot";
import { HistoryRequest } from "./conversation.ts";
import { AgentId, agentOf, ConversationId, EventId, IdempotencyKey, JobId } from "./identifiers.ts";
import { MAX_TEXT_CHARS, MessageText } from "./job.ts";
import { LinkGreeting, MAX_PUSH_EVENTS, Push } from "./link-api.ts";

test("an agent is known by the ids it made, and by no other text", () => {
  const id = `a_1-B.${"0".repeat(32)}`;
  expect(v.is(JobId, id) && v.is(ConversationId, id)).toBe(true);
  expect(agentOf(id)).toBe("a_1-B");
  // They become parts of Redis keys: a brace or a colon would reach another's.
  for (const wrong of [
    "",
    "a1",
    "a1.",
    ".x",
    "a1.x.y",
    "a1.X",
    "a}.x",
    "a:1.x",
    "a1.x\n",
    `a1.${"x".repeat(41)}`,
  ]) {
    expect(v.is(JobId, wrong) || v.is(ConversationId, wrong)).toBe(false);
  }
  expect(v.is(AgentId, "a".repeat(33))).toBe(false);
});

test("a message has some text and fits", () => {
  expect(v.is(MessageText, "好".repeat(MAX_TEXT_CHARS))).toBe(true);
  for (const wrong of ["", " \n\t", "好".repeat(MAX_TEXT_CHARS + 1)]) {
    const result = v.safeParse(MessageText, wrong);
    expect(result.issues?.[0].message).toMatch(/消息/);
  }
});

test("keys and event ids have limits", () => {
  expect(v.is(IdempotencyKey, "k".repeat(200))).toBe(true);
  expect(v.is(IdempotencyKey, "k".repeat(201)) || v.is(IdempotencyKey, "")).toBe(false);
  expect(v.is(EventId, "12-0")).toBe(true);
  for (const wrong of ["12", "-", "$", "+", "12-0 ", "(12-0", `${"1".repeat(17)}-0`]) {
    expect(v.is(EventId, wrong)).toBe(false);
  }
});

test("a page of history and a push are bounded", () => {
  const conversationId = "a1.c1";
  expect(v.parse(HistoryRequest, { conversationId }).limit).toBe(30);
  for (const wrong of [{ limit: 0 }, { limit: 101 }, { limit: 1.5 }, { before: "-1" }, { before: "x" }]) {
    expect(v.is(HistoryRequest, { conversationId, ...wrong })).toBe(false);
  }
  const push = (count: number, from = 0) => ({
    jobId: "a1.j1",
    from,
    events: Array.from({ length: count }, () => ({ t: "reset" })),
  });
  expect(v.is(Push, push(MAX_PUSH_EVENTS))).toBe(true);
  for (const wrong of [push(0), push(MAX_PUSH_EVENTS + 1), push(1, -1), push(1, 0.5)]) {
    expect(v.is(Push, wrong)).toBe(false);
  }
  expect(v.is(LinkGreeting, { agentId: "a1", key: "k", instance: "short" })).toBe(false);
});
