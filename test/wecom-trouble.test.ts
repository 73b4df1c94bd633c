import { afterAll, beforeAll, expect, test } from "bun:test";
import { startSystem, type System, until } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
}, 60_000);
afterAll(async () => {
  await system.stop();
}, 30_000);

async function readyz() {
  const response = await fetch(`${system.gatewayUrl}/readyz`);
  expect(response.status).toBe(200);
  return (await response.json()) as { channels: { wecom: unknown }; deadLetters: { wecom: unknown } };
}

// In this order: what an administrator has to mend makes everything wait.
test("/readyz tells of messages that were given up, and not whose they were", async () => {
  expect(await readyz()).toMatchObject({ channels: { wecom: null }, deadLetters: { wecom: { count: 0 } } });
  system.wecomApi.rejectMember("vanished");
  for (let i = 0; i < 2; i++) await system.wecom.sendText("vanished", "/help");
  await until("both answers are given up", async () => JSON.stringify(await readyz()).includes('"count":2'));
  const { channels, deadLetters } = await readyz();
  expect(channels.wecom).toBeNull();
  expect(deadLetters.wecom).toEqual({ count: 2, newest: { at: expect.any(Number), code: 81013 } });
  expect(JSON.stringify(deadLetters)).not.toContain("vanished");
});

test("/readyz names the address that WeCom does not trust", async () => {
  system.wecomApi.failNext(60020, 1_000);
  const sentAt = Date.now();
  await system.wecom.sendText("zhangsan", "/help");
  await until("the problem is known", async () => (await readyz()).channels.wecom !== null);
  const { channels, deadLetters } = await readyz();
  expect(channels.wecom).toEqual({
    code: 60020,
    ip: "203.0.113.7",
    message: expect.stringContaining("企业可信IP"),
    at: expect.any(Number),
  });
  expect((channels.wecom as { at: number }).at).toBeGreaterThanOrEqual(sentAt);
  // It waits for the administrator.
  expect(deadLetters.wecom).toMatchObject({ count: 2 });
});
