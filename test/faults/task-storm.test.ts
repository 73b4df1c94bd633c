import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { agentKeys, userKeys } from "../../src/gateway/redis/keys.ts";
import { openRandom } from "../random.ts";
import { faultsOf } from "./storm-checks.ts";
import { type Scenario, stormModel, writeScenario } from "./storm-script.ts";
import { newStormUser, type StormUser } from "./storm-user.ts";
import { clock, type Disturbance, forecast, rage, redisOf } from "./storm-weather.ts";
import { AGENT, startSystem, type System, until } from "../system.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";

/** Each storm has a seed of its own: `CLAW_TEST_SEED=<that> CLAW_TEST_STORMS=1` repeats it alone. */
const STORMS = Number(process.env["CLAW_TEST_STORMS"] ?? 10);
/** Runs in a storm: users with a script each. All of them are hit by the same blows. */
const SCENARIOS = Number(process.env["CLAW_TEST_SCENARIOS"] ?? 30);
/** Fewer than there is work for, so that tasks also wait. */
const SLOTS = 12;
const { seed } = openRandom();
const model = stormModel(SLOTS);

let system: System;
let proxy: TcpProxy;

beforeAll(async () => {
  proxy = await startTcpProxy(() => Number(new URL(system.gatewayUrl).port));
  system = await startSystem({
    model: model.options,
    withoutAgent: true,
    agentEnv: {
      CLAW_GATEWAY_URL: `ws://127.0.0.1:${proxy.port}/link`,
      CLAW_AGENT_SLOTS: String(SLOTS),
    },
  });
  await system.startAgent();
}, 60_000);
afterAll(async () => {
  await system.stop();
  await proxy.stop();
}, 60_000);

describe(`create, cancel, retry, kill and reconnect at random, ${STORMS * SCENARIOS} runs`, () => {
  for (let storm = 0; storm < STORMS; storm++) {
    test(`storm ${storm + 1}, seed ${seed + storm}`, () => weather(seed + storm), 120_000);
  }
});

async function weather(seed: number): Promise<void> {
  const random = openRandom(seed);
  const plan = forecast(random);
  const scenarios = Array.from({ length: SCENARIOS }, (_, i) =>
    writeScenario(random, `storm${seed}u${i + 1}`),
  );
  const users = await Promise.all(scenarios.map((scenario: Scenario) => newStormUser(system, scenario)));
  const [disturbances] = await Promise.all([
    rage({ system, proxy }, plan),
    ...users.map((user) => user.play()),
  ]);
  const aftermath = { disturbances, requests: model.requests };
  const faults: string[] = [];
  for (const found of await Promise.all(
    users.map(async (user) => ({ user, found: await faultsOf(user, aftermath) })),
  )) {
    if (found.found.length > 0) faults.push(report(found.user, found.found));
  }
  faults.push(...(await leftBehind(users)));
  await Promise.all(users.map((user) => user.leave()));
  if (faults.length > 0) throw new Error([`seed ${seed}`, ...disturbances.map(told), ...faults].join("\n"));
  expect(faults).toEqual([]);
}

/** Work that somebody still has, or counts, when all has ended. */
async function leftBehind(users: readonly StormUser[]): Promise<string[]> {
  const { port = 0, password = "" } = redisOf(system) ?? {};
  const redis = new Redis({ host: "127.0.0.1", port, password });
  const { orders, changes, lifeSigns } = agentKeys(AGENT.id);
  const api = users[0]?.client.api;
  const counts: Record<string, () => Promise<number | undefined> | number> = {
    "requests at the model server": () => system.model.running(),
    "jobs running at the agent": async () => (await api?.agent.list.query())?.[0]?.running,
    "jobs waiting at the agent": async () => (await api?.agent.list.query())?.[0]?.waiting,
    "orders not taken": () => redis.xlen(orders),
    "changes not told": () => redis.xlen(changes),
    "tasks that count as alive": () => redis.zcard(lifeSigns),
    "jobs that count as open": async () => {
      const open = await Promise.all(users.map(({ userId }) => redis.zcard(userKeys(userId).openJobs)));
      return open.reduce((sum, count) => sum + count, 0);
    },
  };
  const faults: string[] = [];
  for (const [what, count] of Object.entries(counts)) {
    await until(what, async () => (await count()) === 0, 5_000).catch(async () =>
      faults.push(`left behind: ${await count()} ${what}`),
    );
  }
  redis.disconnect();
  return faults;
}

function report({ name, trace }: StormUser, faults: readonly string[]): string {
  return [`${name}:`, ...faults.map((fault) => `  ✗ ${fault}`), ...trace.map((line) => `    ${line}`)].join(
    "\n",
  );
}

function told({ blow, from, to }: Disturbance): string {
  return `${clock(from)}–${clock(to)} ${blow}`;
}
