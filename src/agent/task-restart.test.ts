import { afterEach, expect, test } from "bun:test";
import { startLmStudio } from "../../dev/lm-studio.ts";
import { freePort, startProgram } from "../../dev/program.ts";
import { openTestDatabase } from "../../test/agent-parts.ts";
import { newJob } from "../../test/gateway-parts.ts";
import { startLinkGateway } from "../../test/link-gateway.ts";
import { until } from "../../test/until.ts";
import { openTaskStore } from "./store/task-store.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Its port. It has no orders, and takes nothing. */
function quietGateway(options: { old?: boolean } = {}): number {
  const { server } = startLinkGateway(options);
  cleanups.push(() => server.close());
  return server.port;
}

/** A folder with one job in it, and the agent on it, with a gateway that has nothing to say. */
function agentOn(kind: "task" | "turn", gatewayPort = quietGateway()) {
  const model = startLmStudio({ tokensPerSecond: 200, tokensPerAnswer: 100_000 });
  const database = openTestDatabase();
  cleanups.push(
    () => model.stop(),
    () => database.close(),
  );
  const job = newJob({ kind, conversationId: "a1.c1" });
  database.store().take({ t: "run", job });
  const env = {
    CLAW_AGENT_ID: "a1",
    CLAW_AGENT_KEY: "agent-key",
    CLAW_GATEWAY_URL: `ws://127.0.0.1:${gatewayPort}/link`,
    CLAW_LMSTUDIO_BASE_URL: model.url,
    CLAW_DATA_DIR: database.dir,
  };
  function start() {
    const program = startProgram({
      entry: "src/agent/main.ts",
      cwd: database.dir,
      env: { ...env, CLAW_ADMIN_PORT: String(freePort()) },
    });
    cleanups.push(() => program.kill9());
    return program;
  }
  /** Starts it and kills it when it has begun to answer. */
  async function killInMidAnswer(): Promise<void> {
    const requests = model.requests();
    const program = start();
    await until("the request", () => model.requests() > requests);
    await until("some text", () => openTaskText().length > 20 || kind === "turn");
    await program.kill9();
    await until("the model server to notice", () => model.running() === 0);
  }
  const openTaskText = () =>
    kind === "task" ? (openTaskStore(database.db).attempts("u1", "a1.c1")[0]?.result ?? "") : "";
  return { model, database, start, killInMidAnswer, text: openTaskText };
}

test("an agent that dies while a task runs begins it again once, then the task fails with a reason", async () => {
  const { model, database, start, killInMidAnswer, text } = agentOn("task");
  await killInMidAnswer();
  await killInMidAnswer();
  expect(model.requests()).toBe(2);
  const kept = text();
  const last = start();
  await until("it to end", () => database.store().unsettled()[0]?.ended === true);
  const [event] = database
    .store()
    .outbox(newestJob(database), 0)
    .flatMap(({ events }) => events)
    .toReversed();
  expect(event).toMatchObject({ t: "failed", code: "interrupted" });
  expect(text()).toBe(kept);
  expect(kept.length).toBeGreaterThan(20);
  expect(await last.stop()).toBe(0);
  expect(model.requests()).toBe(2);
}, 20_000);

test("a turn is begun again as often as that", async () => {
  const { model, killInMidAnswer } = agentOn("turn");
  for (let n = 1; n <= 3; n++) {
    await killInMidAnswer();
    expect(model.requests()).toBe(n);
  }
}, 20_000);

/** As agent.ts waits. */
const RESUME_AFTER_MS = 10_000;
test("without a gateway's word of what was cancelled meanwhile it begins again all the same, after a while", async () => {
  const agents = [agentOn("turn", freePort()), agentOn("turn", quietGateway({ old: true }))];
  const startedAt = performance.now();
  for (const { start } of agents) start();
  await until("both requests", () => agents.every(({ model }) => model.requests() === 1));
  // Neither was made earlier: the agents began to count after this did.
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(RESUME_AFTER_MS);
}, 20_000);

function newestJob({ db }: ReturnType<typeof openTestDatabase>): string {
  return db.query<{ id: string }, []>("SELECT id FROM job ORDER BY number DESC LIMIT 1").get()?.id ?? "";
}
