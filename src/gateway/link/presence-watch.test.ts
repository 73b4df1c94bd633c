import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import {
  type GatewayParts,
  type GatewaysOnRedis,
  log,
  startGatewayParts,
} from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import { agentKeys } from "../redis/keys.ts";
import { openLinks } from "./links.ts";
import { openPresenceWatch } from "./presence-watch.ts";

const GREETING = { agentId: "a1", key: "right-key", instance: "instance-1" };
const REPORT = { modelReady: true, model: "m", slots: 4, running: 0, waiting: 0 };
/** A look by the clock that never comes. */
const NEVER_MS = 3_600_000;
let parts: GatewaysOnRedis;
let other: GatewayParts;
let stop: AbortController;
let ended: Promise<void>[];

beforeAll(async () => {
  parts = await startGatewayParts();
  other = await parts.another();
});
beforeEach(async () => {
  await parts.redis.flushall();
  stop = new AbortController();
  ended = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(ended);
});
afterAll(() => parts.stop());

const linksOf = ({ redis, hub }: GatewayParts) =>
  openLinks({ redis, hub, log, agents: new Map([["a1", "right-key"]]) });

/** What one reader on the other gateway hears of, from now on. */
async function watch(pace: { lookEveryMs: number; tellEveryMs: number }) {
  const { signal } = stop;
  const watch = openPresenceWatch({
    ...other,
    links: linksOf(other),
    agentIds: ["a1", "a2"],
    signal,
    ...pace,
  });
  ended.push(watch.run());
  // It listens before it looks.
  await until("its first look", () => watch.changedAfter(-1).length === 2);
  const seen: AgentPresence[] = [];
  let version = watch.version();
  watch.listen(() => {
    seen.push(...watch.changedAfter(version));
    version = watch.version();
  }, signal);
  return { seen, last: () => seen.at(-1) };
}

test("an agent that comes, works and goes is heard of at once, on every gateway", async () => {
  const { seen, last } = await watch({ lookEveryMs: NEVER_MS, tellEveryMs: 1 });
  const links = linksOf(parts);
  const link = await links.open(GREETING);
  await until("it to be online", () => last()?.online === true);
  await links.report(link.agent, { ...REPORT, running: 3 });
  await until("it to be busy", () => last()?.running === 3);
  const heard = seen.length;
  // The same again is no change.
  await links.report(link.agent, { ...REPORT, running: 3 });
  link.close();
  await until("it to be away", () => last()?.online === false);
  expect(seen).toHaveLength(heard + 1);
  expect(seen.every(({ id }) => id === "a1")).toBe(true);
});

test("much at once is told as one", async () => {
  const links = linksOf(parts);
  const link = await links.open(GREETING);
  const { seen, last } = await watch({ lookEveryMs: NEVER_MS, tellEveryMs: 150 });
  for (let running = 0; running < 50; running++) await links.report(link.agent, { ...REPORT, running });
  await until("the last of it", () => last()?.running === 49);
  expect(seen.length).toBeLessThan(10);
  link.close();
});

test("a presence that runs out because its gateway died is noticed, though nobody says so", async () => {
  await linksOf(parts).open(GREETING);
  const { last } = await watch({ lookEveryMs: 20, tellEveryMs: 1 });
  await parts.redis.del(agentKeys("a1").link);
  await until("it to be away", () => last()?.online === false);
});
