import { startTestRedis } from "../dev/redis-for-tests.ts";
import { openRedis } from "../src/gateway/redis/connect.ts";
import { userKeys } from "../src/gateway/redis/keys.ts";
import { openTaskStore } from "../src/gateway/tasks/task-store.ts";
import { startSystem, type UserClient } from "../test/system.ts";
import { untilIdle } from "./process-figures.ts";
import type { Measurement } from "./row.ts";
import { median, percentile } from "./statistics.ts";

const FEW = 100;
/** Tasks recorded at once. */
const SEED_BATCH = 200;
/** One in so many has not ended. */
const OPEN_SHARE = 100;
const PAGE = 20;
/** Of one list before the other's turn: neighbours in time, so that both meet the same disturbances. */
const TURN = 10;
const WARM_UP_TURNS = 20;
/** A prime, so that the cursors asked for are all over the list. */
const SPREAD = 7_919;

interface Owner {
  client: UserClient;
  /** A cursor at each of its tasks, but for the oldest page. */
  cursors: string[];
  latenciesMs: number[];
}

/** How long a page of a user's tasks takes, when there are very many of them and when there are few. */
export const measureTaskList: Measurement = async (settings, say) => {
  const { tasks: many, "task-lists": lists, rounds } = settings;
  const redis = await startTestRedis();
  const system = await startSystem({ withoutAgent: true, gatewayEnv: { CLAW_REDIS_URL: redis.url } });
  const owner = async (name: string, count: number): Promise<Owner> => {
    const client = system.client(await system.signIn(name));
    const { id: userId } = await client.api.me.get.query();
    return { client, cursors: await seed(redis.url, userId, count), latenciesMs: [] };
  };
  try {
    const owners = [await owner("few", FEW), await owner("many", many)] as const;
    say(`${many.toLocaleString("en")} tasks recorded`);
    await untilIdle(system.gateway().pid);
    await askByTurns(owners, WARM_UP_TURNS * TURN);
    const ratios: number[] = [];
    const p99s: [number, number][] = [];
    for (let round = 0; round < rounds; round++) {
      for (const one of owners) one.latenciesMs = [];
      await askByTurns(owners, lists);
      const [few, lot] = owners.map(({ latenciesMs }) => percentile(latenciesMs, 0.99)) as [number, number];
      p99s.push([few, lot]);
      ratios.push(lot / few);
      say(`task.list p99, round ${round + 1}: ${lot.toFixed(2)} ms of ${few.toFixed(2)} ms`);
    }
    const at = (which: 0 | 1) => `${median(p99s.map((pair) => pair[which])).toFixed(2)} ms`;
    return [
      {
        what: `task.list p99 at ${many.toLocaleString("en")} tasks of one user`,
        against: `the same at ${FEW} tasks`,
        seen: `${at(1)} of ${at(0)}; ${lists} requests of each a round, by turns: first pages, pages by a cursor anywhere in the list, and those of one status, ${PAGE} tasks each, over HTTP`,
        figure: median(ratios),
        unit: "×",
        better: "smaller",
        atLeast: 2,
        aim: 1.5,
      },
    ];
  } finally {
    await system.stop();
    await redis.stop();
  }
};

async function askByTurns(owners: readonly Owner[], count: number): Promise<void> {
  for (let asked = 0; asked < count; asked += TURN) {
    for (const owner of owners) for (let i = 0; i < TURN; i++) await ask(owner, asked + i);
  }
}

async function ask(owner: Owner, number: number): Promise<void> {
  const { client, cursors, latenciesMs } = owner;
  const cursor = cursors[(number * SPREAD) % cursors.length] ?? "";
  const request = [{}, { cursor }, { status: "done" as const }][number % 3];
  const startedAt = performance.now();
  const { tasks } = await client.api.task.list.query({ ...request, limit: PAGE });
  latenciesMs.push(performance.now() - startedAt);
  if (tasks.length < PAGE - 1) throw new Error(`a page of ${tasks.length} tasks`);
}

/** Records tasks as the gateway does, without jobs; returns cursors. */
async function seed(redisUrl: string, userId: string, count: number): Promise<string[]> {
  const redis = openRedis(redisUrl, "commands");
  await redis.connect();
  const store = openTaskStore(redis, { surely: (write) => write() }, count);
  for (let first = 0; first < count; first += SEED_BATCH) {
    const batch = Array.from({ length: Math.min(SEED_BATCH, count - first) }, (_, i) => first + i);
    await Promise.all(batch.map((number) => seedOne(number)));
  }
  const rows = await redis.zrangebyscore(userKeys(userId).tasks, "-inf", "+inf", "WITHSCORES");
  redis.disconnect();
  return rows.filter((_, i) => i % 2 === 1).slice(PAGE);

  async function seedOne(number: number): Promise<void> {
    const id = `a1.${userId.slice(0, 20)}${number}`;
    const task = {
      userId,
      id,
      jobId: `${id}x1`,
      title: `任务 ${number}`,
      prompt: "整理这个月的会议纪要，并列出没有完成的事项。",
      source: { channel: "miniprogram", origin: "" },
    };
    await store.create(task);
    if (number % OPEN_SHARE === 0) return;
    const fields = {
      started: number,
      finished: number + 1,
      preview: "这个月开了四次会，还有两件事没有完成。",
    };
    await store.update(userId, id, { jobId: task.jobId, rank: 4, status: "done", fields });
  }
}
