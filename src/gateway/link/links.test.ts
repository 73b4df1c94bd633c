import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import {
  type GatewayParts,
  type GatewaysOnRedis,
  log,
  startGatewayParts,
} from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { agentKeys } from "../redis/keys.ts";
import type { Hub } from "../redis/hub.ts";
import { type Link, openLinks } from "./links.ts";

const GREETING = { agentId: "a1", key: "right-key", instance: "instance-1" };
const REPORT = { modelReady: true, model: "m", slots: 4, running: 1, waiting: 2 };
const keys = agentKeys("a1");
const open: Link[] = [];
let parts: GatewaysOnRedis;
let other: GatewayParts;

beforeAll(async () => {
  parts = await startGatewayParts();
  other = await parts.another();
});
beforeEach(async () => {
  for (const link of open.splice(0)) link.close();
  await parts.redis.flushall();
});
afterAll(async () => {
  for (const link of open) link.close();
  await parts.stop();
});

const linksOf = ({ redis, hub }: { redis: GatewayParts["redis"]; hub: Hub }) =>
  openLinks({ redis, hub, log, agents: new Map([["a1", "right-key"]]), renewEveryMs: 50 });
async function connect(gateway: GatewayParts, change: Partial<typeof GREETING> = {}): Promise<Link> {
  const link = await linksOf(gateway).open({ ...GREETING, ...change });
  open.push(link);
  return link;
}
const refusalOf = (greeting: Partial<typeof GREETING>) =>
  connect(parts, greeting).then(() => "accepted", reasonOf);

test("only an agent that is configured, with its key, gets a link", async () => {
  expect(await refusalOf({ key: "wrong-key" })).toBe("key-refused");
  expect(await refusalOf({ key: "right-key " })).toBe("key-refused");
  expect(await refusalOf({ agentId: "a2" })).toBe("key-refused");
  expect(await linksOf(parts).presence("a1")).toEqual({ id: "a1", online: false });
  expect(await refusalOf({})).toBe("accepted");
});

test("users of every gateway see an agent, and what it reports, until it closes", async () => {
  const link = await connect(parts);
  expect(await linksOf(other).presence("a1")).toEqual({ id: "a1", online: true, since: expect.any(Number) });
  await linksOf(parts).report(link.agent, REPORT);
  expect(await linksOf(other).presence("a1")).toMatchObject({ online: true, ...REPORT });
  link.close();
  await until("it to be offline", async () => !(await linksOf(other).presence("a1")).online);
});

test("the same machine coming back takes over at once, on whatever gateway", async () => {
  const first = await connect(parts);
  await linksOf(parts).report(first.agent, REPORT);
  const second = await connect(other);
  expect(second.agent.epoch).toBeGreaterThan(first.agent.epoch);
  await until("the older link to end", () => first.signal.aborted);
  expect(second.signal.aborted).toBe(false);
  // Of the older one nothing counts any more: neither what it reported nor that it closes.
  await linksOf(parts).report(first.agent, { ...REPORT, model: "old" });
  first.close();
  expect(await linksOf(parts).presence("a1")).toEqual({ id: "a1", online: true, since: expect.any(Number) });
});

test("a second machine with the same id is refused as long as the first is there", async () => {
  const first = await connect(parts);
  expect(await refusalOf({ instance: "instance-2" })).toBe("agent-id-in-use");
  expect(first.signal.aborted).toBe(false);
  first.close();
  await until("it to be accepted", async () => (await refusalOf({ instance: "instance-2" })) === "accepted");
});

test("an agent whose gateway died goes offline by itself", async () => {
  await connect(parts);
  const ttlMs = await parts.redis.pttl(keys.link);
  expect(ttlMs).toBeGreaterThan(0);
  expect(ttlMs).toBeLessThanOrEqual(8_000);
});

test("a link is renewed, also when Redis has forgotten it, and one that missed being superseded ends", async () => {
  const link = await connect(parts);
  await parts.redis.del(keys.link);
  await until("it to be there again", async () => (await linksOf(parts).presence("a1")).online);
  await parts.redis.set(keys.epoch, link.agent.epoch + 1);
  await until("the link to end", () => link.signal.aborted);
});

test("the epoch rises even when Redis has lost the last one", async () => {
  const first = await connect(parts);
  await parts.redis.flushall();
  await Bun.sleep(2);
  const second = await connect(parts);
  expect(second.agent.epoch).toBeGreaterThan(first.agent.epoch);
});

test("a link that could not be opened to its end leaves no agent online", async () => {
  const deaf: Hub = { ...parts.hub, listen: () => Promise.reject(new Error("Redis does not answer")) };
  const opened = await linksOf({ redis: parts.redis, hub: deaf })
    .open(GREETING)
    .catch(() => "failed");
  expect(opened).toBe("failed");
  await until("it to be offline", async () => (await parts.redis.exists(keys.link)) === 0);
  // Longer than the time between two renewals.
  await Bun.sleep(150);
  expect(await parts.redis.exists(keys.link)).toBe(0);
});
