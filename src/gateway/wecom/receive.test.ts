import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type GatewaysOnRedis, log, startGatewayParts } from "../../../test/gateway-parts.ts";
import { openLinks } from "../link/links.ts";
import { agentKeys, wecomKeys } from "../redis/keys.ts";
import { openTasks } from "../tasks/tasks.ts";
import { openChat } from "../users/chat.ts";
import { openFeed } from "../users/feed.ts";
import { openUsers } from "../users/users.ts";
import { openChannelConversation } from "./conversation.ts";
import type { WecomInbound } from "./inbound-message.ts";
import { openOutbox, type OutboxMessage } from "./outbox.ts";
import { receive, type ReceiveContext } from "./receive.ts";
import { PIECE_MAX_BYTES } from "./split.ts";
import { TEXTS } from "./texts.ts";

const AGENT_IDS = ["a1"];
let parts: GatewaysOnRedis;
let context: ReceiveContext;
beforeAll(async () => {
  parts = await startGatewayParts();
  const { redis, hub, restarts, jobs } = parts;
  const feed = openFeed(redis, hub, restarts);
  const users = openUsers(redis, AGENT_IDS);
  const calls = { client: never, follow: never, answer: never };
  const services = { redis, restarts, jobs, users, feed, calls, agentIds: AGENT_IDS, log };
  const chat = openChat(services);
  context = {
    channel: "wecom",
    redis,
    agentIds: AGENT_IDS,
    users,
    tasks: openTasks({ ...services, maxOpen: 20 }),
    bindings: { newCode: () => Promise.resolve("too-many" as const) },
    chat,
    feed,
    jobs,
    links: openLinks({ redis, hub, log, agents: new Map() }),
    conversation: openChannelConversation({ redis, chat, users, channel: "wecom" }),
    outbox: openOutbox(redis),
    log,
  };
});
afterAll(() => parts.stop());
beforeEach(async () => {
  await parts.redis.flushall();
});
function never(): never {
  throw new Error("no agent is asked");
}

const common = { member: "zhangsan", agentId: "1000002", createdAtMs: 1 };
const text = (dedupeId: string, said: string): WecomInbound => ({
  kind: "text",
  ...common,
  dedupeId,
  text: said,
});
const event = (dedupeId: string, name: string): WecomInbound => ({
  kind: "event",
  ...common,
  dedupeId,
  event: name,
});

async function answers(): Promise<string[]> {
  const items = await parts.redis.lrange(wecomKeys.outbox("zhangsan"), 0, -1);
  return items.map((item) => (JSON.parse(item) as OutboxMessage).content);
}
async function queuedJobs() {
  const entries = await parts.redis.xrange(agentKeys("a1").orders, "-", "+");
  return entries.map(
    ([, fields]) => (JSON.parse(fields[1] ?? "") as { job: { id: string; conversationId: string } }).job,
  );
}

test("every message handled twice, as after a crash, does what one does", async () => {
  const messages = [
    text("m:1", "你好"),
    text("m:2", "/new"),
    text("m:3", "/help"),
    text("m:4", "再问"),
    { kind: "unsupported", ...common, dedupeId: "m:5", msgType: "image" } as const,
    event("e:6", "enter_agent"),
  ];
  for (const message of messages) {
    await receive(context, message);
    await receive(context, message);
  }
  const [first, second, ...more] = await queuedJobs();
  expect(more).toEqual([]);
  expect(first?.conversationId).not.toBe(second?.conversationId);
  expect(await answers()).toEqual([
    TEXTS.newConversation,
    TEXTS.help,
    TEXTS.unsupported("图片"),
    TEXTS.welcome,
  ]);
  // Whoever answers has to know whom.
  expect(await parts.jobs.find(first?.id ?? "")).toMatchObject({ channel: "wecom", origin: "zhangsan" });
});

test("a member is welcomed once, however often they open the app", async () => {
  for (const [i, name] of ["subscribe", "enter_agent", "enter_agent"].entries())
    await receive(context, event(`e:${i}`, name));
  expect(await answers()).toEqual([TEXTS.welcome]);
});

test("events that say nothing to the member, and an empty text, are not answered", async () => {
  for (const name of ["unsubscribe", "inactive_alert", "low_active_alert", "something_new"])
    await receive(context, event(`e:${name}`, name));
  await receive(context, text("m:1", " \n"));
  expect(await answers()).toEqual([]);
  expect(await queuedJobs()).toEqual([]);
});

test("a reply that is too long for one message comes in pieces; handled again, it adds none", async () => {
  const family = "👨‍👩‍👧‍👦".repeat(30);
  const handOver = (number: number) => receive(context, text(`m:task${number}`, `/task ${family}`));
  const numbersIn = (pieces: readonly string[]) =>
    (pieces.join("\n").match(/^\d+　排队中　(?:👨‍👩‍👧‍👦){24}…$/gmu) ?? []).map(Number.parseFloat);
  for (let number = 1; number <= 4; number++) await handOver(number);
  await receive(context, text("m:list", "/tasks"));
  const first = await answers();
  expect(first.length).toBe(2);
  expect(numbersIn(first)).toEqual([4, 3, 2, 1]);

  for (let number = 5; number <= 10; number++) await handOver(number);
  // Handled again, after a crash, there is more to say.
  await receive(context, text("m:list", "/tasks"));
  expect(await answers()).toEqual(first);

  await receive(context, text("m:again", "/tasks"));
  const second = (await answers()).slice(first.length);
  expect(numbersIn(second)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  for (const piece of [...first, ...second])
    expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(PIECE_MAX_BYTES);
});

test("too long a text is answered, not asked of the model", async () => {
  await receive(context, text("m:1", "好".repeat(40_000)));
  expect(await answers()).toEqual([TEXTS.tooLong]);
  expect(await queuedJobs()).toEqual([]);
});
