import { join } from "node:path";
import { freePort, type Program, startProgram, untilReady } from "../dev/program.ts";
import { AGENT, startSystem, type System, type UserClient } from "../test/system.ts";
import { watchFeed } from "../test/watched-feed.ts";
import { type LoadProcess, startLoad } from "./load-process.ts";
import { untilIdle } from "./process-figures.ts";
import type { RawLink } from "./raw-link.ts";
import type { Measurement } from "./row.ts";
import { median } from "./statistics.ts";

const PROMPT = "用一句话介绍你自己。";
/** An instant model: what takes time is everything else. */
const MODEL = { tokens: 8, "tokens-per-second": 0, "first-token-ms": 0, parallel: 16 };
/** The warm-up round has fewer tasks by this factor. */
const WARM_UP_SHARE = 4;
/** Created at once. */
const BATCH = 50;
const LOOK_EVERY_MS = 5;
const DRAINED_WITHIN_MS = 120_000;

interface Work {
  system: System;
  clients: UserClient[];
  raw: LoadProcess<RawLink>;
  rawUrl: string;
  count: number;
}

/** Tasks that have waited for the agent: how fast they are done once it is there, through the gateway and without one. */
export const measureTaskDrain: Measurement = async (settings, say) => {
  const { "waiting-tasks": count, "waiting-users": users, rounds } = settings;
  const port = freePort();
  const flags = Object.entries({ port, ...MODEL }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const model = startProgram({ entry: "dev/lm-studio.ts", env: {}, args: flags });
  const modelUrl = `http://127.0.0.1:${port}`;
  await untilReady(`${modelUrl}/v1/models`, model);
  const gatewayEnv = { CLAW_TASKS_MAX_OPEN: String(count) };
  const system = await startSystem({ withoutAgent: true, modelUrl, gatewayEnv });
  const raw = startLoad<RawLink>("raw-link.ts");
  try {
    const clients: UserClient[] = [];
    for (let i = 0; i < users; i++) clients.push(system.client(await system.signIn(`user${i}`)));
    const work: Work = { system, clients, raw, rawUrl: await raw.ask("serve"), count };
    const ours: number[] = [];
    const alone: number[] = [];
    // The first round only warms up.
    for (let round = 0; round <= rounds; round++) {
      const part = round === 0 ? { ...work, count: Math.ceil(count / WARM_UP_SHARE) } : work;
      alone.push(part.count / (await drainRaw(part, round)));
      ours.push(part.count / (await drainOurs(part, round)));
      say(
        `tasks/s, round ${round}: ${ours.at(-1)?.toFixed(0)} of the agent alone ${alone.at(-1)?.toFixed(0)}`,
      );
      await untilIdle(system.gateway().pid);
    }
    const shares = ours.map((rate, round) => rate / (alone[round] ?? Number.NaN)).slice(1);
    return [
      {
        what: `${count.toLocaleString("en")} tasks queued while the agent is away, tasks/s once it is there`,
        against: "the same agent on a link that gives and takes from memory",
        seen: `${median(ours.slice(1)).toFixed(0)}/s of ${median(alone.slice(1)).toFixed(0)}/s; ${users} users, a model that answers ${MODEL.tokens} tokens at once, ${MODEL.parallel} slots; from the agent's link to the last user's feed saying done`,
        figure: median(shares),
        unit: "×",
        better: "larger",
        atLeast: 0.5,
        aim: 0.8,
      },
    ];
  } finally {
    await raw.stop();
    await system.stop();
    await model.stop();
  }
};

/** Seconds from the agent's coming to the last end. */
async function drainRaw({ system, clients, raw, rawUrl, count }: Work, round: number): Promise<number> {
  const tasks = { agentId: AGENT.id, prompt: PROMPT, count, users: clients.length };
  const drained = raw.ask("drain", tasks);
  const agent = launchAgent(system, `raw ${round}`, rawUrl);
  const { seconds } = await drained;
  await agent.stop();
  return seconds;
}

async function drainOurs({ system, clients, count }: Work, round: number): Promise<number> {
  const ended = new Set<string>();
  const failures: string[] = [];
  let lastEndAt = 0;
  const feeds = await Promise.all(
    clients.map((client) =>
      watchFeed(client, undefined, (event) => {
        if (event.t !== "task") return;
        const { id, status } = event.task;
        if (status === "failed" || status === "cancelled") failures.push(id);
        if (status === "done" && ended.add(id)) lastEndAt = Date.now();
      }),
    ),
  );
  for (let made = 0; made < count; made += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - made) }, (_, i) => made + i);
    await Promise.all(batch.map((number) => create(clients[number % clients.length], `${round}-${number}`)));
  }
  await untilIdle(system.gateway().pid);
  const agent = launchAgent(system, `ours ${round}`, system.env.agent["CLAW_GATEWAY_URL"] ?? "");
  let cameAt: number | undefined;
  const giveUpAt = Date.now() + DRAINED_WITHIN_MS;
  while (ended.size < count) {
    if (failures.length > 0) throw new Error(`${failures.length} tasks were not done`);
    if (Date.now() > giveUpAt) throw new Error(`${ended.size} of ${count} tasks done`);
    cameAt ??= (await clients[0]?.api.agent.list.query())?.[0]?.since;
    await Bun.sleep(LOOK_EVERY_MS);
  }
  for (const feed of feeds) feed.stop();
  await agent.stop();
  if (cameAt === undefined) throw new Error("nobody saw the agent come");
  return (lastEndAt - cameAt) / 1_000;
}

async function create(client: UserClient | undefined, idempotencyKey: string): Promise<void> {
  await client?.api.task.create.mutate({ prompt: PROMPT, idempotencyKey });
}

function launchAgent(system: System, name: string, gatewayUrl: string): Program {
  return system.launch("src/agent/main.ts", {
    ...system.env.agent,
    CLAW_GATEWAY_URL: gatewayUrl,
    CLAW_DATA_DIR: join(system.dir, name),
    CLAW_ADMIN_PORT: String(freePort()),
  });
}
