import { afterEach, expect, test } from "bun:test";
import { getLogger } from "@logtape/logtape";
import { type LmStudioOptions, startLmStudio } from "../../dev/lm-studio.ts";
import { openGatewayDouble, openTestDatabase, unexpected } from "../../test/agent-parts.ts";
import { newJob } from "../../test/gateway-parts.ts";
import { until } from "../../test/until.ts";
import type { Job } from "../contract/job.ts";
import { isTerminal } from "../contract/reply-event.ts";
import { openActiveJobs } from "./active-jobs.ts";
import { openModelServer } from "./lm-studio/model-server.ts";
import { openConversationStore } from "./store/conversation-store.ts";
import { saidSoFar } from "./store/said-so-far.ts";
import { openTaskStore } from "./store/task-store.ts";

const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** The jobs of an agent on a real database and a model server's stand-in, which has as many slots as the agent. */
async function agent(options: LmStudioOptions & { parallel: number }) {
  const { parallel } = options;
  const model = startLmStudio(options);
  const database = openTestDatabase();
  cleanups.push(
    () => model.stop(),
    () => database.close(),
  );
  const gateway = openGatewayDouble();
  const log = getLogger(["claw", "test"]);
  const modelServer = openModelServer({ baseUrl: model.url, model: "", apiKey: "" });
  await modelServer.inspect(never);

  function start() {
    const store = database.reopen();
    const conversations = openConversationStore(database.db);
    const progressPace = { lookEveryMs: 5, tellEveryMs: 20 };
    const jobs = openActiveJobs({
      store,
      run: { modelServer, conversations, contextTokens: () => undefined, progressPace, log },
      slots: () => parallel,
      tasksPerUser: 8,
      link: () => gateway.link,
      log,
      onChange: () => {},
      onFailure: unexpected,
    });
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= jobs.stop());
    cleanups.push(stop);
    jobs.takeUp();
    jobs.resume();
    return { jobs, store, conversations, tasks: openTaskStore(database.db), stop };
  }
  const events = (job: Job) => gateway.events(job.id);
  const ofType = (job: Job, t: string) => events(job).filter((event) => event.t === t);
  return {
    model,
    start,
    ofType,
    /** What happened, without how often. */
    story: (job: Job) =>
      events(job)
        .map(({ t }) => t)
        .filter((t, i, all) => t !== all[i - 1]),
    text: (job: Job) => saidSoFar(events(job)).text,
    speaks: (job: Job) => until("it to speak", () => saidSoFar(events(job)).text.length > 20),
    ends: (...jobs: Job[]) => until("all to end", () => jobs.every((job) => events(job).some(isTerminal))),
    notes: (job: Job) => events(job).flatMap((event) => (event.t === "progress" ? [event.note] : [])),
  };
}

let made = 0;
/** An attempt at a task of its own, unless told otherwise. */
const newAttempt = (change: Partial<Job> = {}) =>
  newJob({ kind: "task", conversationId: `a1.task${++made}`, ...change });

const PACE = { tokensPerSecond: 200 };
/** Longer than any test. */
const ENDLESS = "字 ".repeat(20_000);
const SLOW = { ...PACE, reply: () => ENDLESS };
/** The first answers have no end, those that follow have. */
const endlessFirst = (count: number) => {
  let asked = 0;
  return { ...PACE, reply: () => (++asked <= count ? ENDLESS : "这一次做完了 ".repeat(5)) };
};

test("a task's attempts are kept and given, each made afresh, and are no chat", async () => {
  const asked: string[] = [];
  const { start, ends, story } = await agent({
    parallel: 2,
    reply: (messages) => `结果${asked.push(JSON.stringify(messages))}`,
  });
  const { jobs, conversations, tasks } = start();
  const first = newAttempt({ text: "写周报" });
  jobs.take({ t: "run", job: first });
  await ends(first);
  const second = newAttempt({ text: "写周报", conversationId: first.conversationId });
  jobs.take({ t: "run", job: second });
  await ends(second);
  expect(story(second).filter((t) => t !== "progress")).toEqual(["started", "delta", "done"]);
  expect(tasks.attempts("u1", first.conversationId)).toEqual([
    { jobId: first.id, prompt: "写周报", result: "结果1" },
    { jobId: second.id, prompt: "写周报", result: "结果2" },
  ]);
  expect(asked[1]).not.toContain("结果1");
  expect(conversations.list("u1")).toEqual([]);
});

test("a turn is answered beside a long task, which goes on undisturbed", async () => {
  const { start, speaks, ends, ofType, model } = await agent({ parallel: 2, ...endlessFirst(1) });
  const { jobs } = start();
  const [task, next, turn] = [newAttempt(), newAttempt(), newJob()];
  for (const job of [task, next]) jobs.take({ t: "run", job });
  await speaks(task);
  jobs.take({ t: "run", job: turn });
  await ends(turn);
  // The second slot stays free for turns.
  expect(ofType(next, "started")).toEqual([]);
  expect(ofType(task, "reset")).toEqual([]);
  expect(model.requests()).toBe(2);
  jobs.take({ t: "cancel", jobId: task.id });
  await ends(task, next);
  expect(ofType(next, "done")).toHaveLength(1);
});

test("on one slot a task gives way to a turn, says so, and begins again", async () => {
  const { start, speaks, ends, story, text, notes, ofType, model } = await agent({
    parallel: 1,
    ...endlessFirst(2),
  });
  const { jobs, tasks } = start();
  const [task, turn] = [newAttempt(), newJob()];
  jobs.take({ t: "run", job: task });
  await speaks(task);
  jobs.take({ t: "run", job: turn });
  await speaks(turn);
  expect(notes(task).at(-1)).toContain("先让对话回答");
  expect(jobs.counts()).toEqual({ running: 1, waiting: 1 });
  jobs.take({ t: "cancel", jobId: turn.id });
  await ends(task, turn);
  expect(story(task).filter((t) => t !== "progress" && t !== "delta")).toEqual([
    "started",
    "reset",
    "started",
    "done",
  ]);
  const [end] = ofType(task, "done");
  expect(end).toMatchObject({ text: text(task) });
  expect(tasks.attempts("u1", task.conversationId)[0]?.result).toBe(text(task));
  expect(model.requests()).toBe(3);
});

test("cancelled while it runs: the slot is free, what was generated is kept, and is there to be read before", async () => {
  const { start, speaks, ends, text, ofType, model } = await agent({ parallel: 2, ...SLOW });
  const { jobs, tasks } = start();
  const task = newAttempt();
  const result = () => tasks.attempts("u1", task.conversationId)[0]?.result;
  jobs.take({ t: "run", job: task });
  await speaks(task);
  expect(text(task)).toStartWith(result()?.slice(0, 10) ?? "nothing");
  jobs.take({ t: "cancel", jobId: task.id });
  await ends(task);
  await until("the model server to have let go", () => model.running() === 0);
  expect(ofType(task, "cancelled")).toHaveLength(1);
  expect(text(task).length).toBeGreaterThan(20);
  expect(result()).toBe(text(task));
  expect(jobs.counts()).toEqual({ running: 0, waiting: 0 });
});

test("cancelled while it waits it is never asked of the model; after it gave way it keeps what it had", async () => {
  const { start, speaks, ends, text, model } = await agent({ parallel: 1, ...SLOW });
  const { jobs, tasks } = start();
  const [task, waits, turn] = [newAttempt(), newAttempt(), newJob()];
  for (const job of [task, waits]) jobs.take({ t: "run", job });
  await speaks(task);
  jobs.take({ t: "run", job: turn });
  await speaks(turn);
  for (const { id } of [task, waits]) jobs.take({ t: "cancel", jobId: id });
  await ends(task, waits);
  jobs.take({ t: "cancel", jobId: turn.id });
  await ends(turn);
  expect(model.requests()).toBe(2);
  expect(text(task).length).toBeGreaterThan(20);
  expect(tasks.attempts("u1", task.conversationId)[0]?.result).toBe(text(task));
});

test("cancelled after a restart, before it begins again, it keeps what the process before had made", async () => {
  const { start, speaks, ends, text, model } = await agent({ parallel: 1, ...SLOW });
  const first = start();
  const task = newAttempt();
  first.jobs.take({ t: "run", job: task });
  await speaks(task);
  await first.stop();
  const before = text(task);
  // As the gateway's order arrives before the jobs are resumed, or while the agent was away.
  first.store.take({ t: "cancel", jobId: task.id });
  const { tasks } = start();
  await ends(task);
  expect(text(task)).toBe(before);
  expect(tasks.attempts("u1", task.conversationId)[0]?.result).toBe(before);
  expect(model.requests()).toBe(1);
});

test("a cancellation that meets the end: one of the two, and nothing after it", async () => {
  const { start, ends, ofType } = await agent({ parallel: 4, tokensPerSecond: 2_000, tokensPerAnswer: 20 });
  const { jobs, store } = start();
  const found = new Set<string>();
  // Long before the end, at it, and after it.
  for (let afterMs = 0; afterMs < 30; afterMs += 0.5) {
    const task = newAttempt();
    jobs.take({ t: "run", job: task });
    await Bun.sleep(afterMs);
    jobs.take({ t: "cancel", jobId: task.id });
    await ends(task);
    const ended = [...ofType(task, "done"), ...ofType(task, "cancelled")];
    expect(ended).toHaveLength(1);
    found.add(ended[0]?.t ?? "");
    await until("it to be settled", () => store.unsettled().length === 0);
  }
  expect(found).toEqual(new Set(["cancelled", "done"]));
});

test("stopped in good order as often as one likes, a task begins again each time", async () => {
  const { start, speaks, ends, ofType } = await agent({ parallel: 1, ...endlessFirst(3) });
  const task = newAttempt();
  for (let n = 1; n <= 3; n++) {
    const { jobs, stop } = start();
    jobs.take({ t: "run", job: task });
    await until("it to begin", () => ofType(task, "started").length === n);
    await speaks(task);
    await stop();
  }
  start();
  await ends(task);
  expect(ofType(task, "done")).toHaveLength(1);
});

test("a task says how far the loading of its model is; a turn does not ask", async () => {
  const { start, ends, notes, ofType, model } = await agent({ parallel: 4, loaded: false, loadMs: 400 });
  const { jobs } = start();
  const [task, turn] = [newAttempt(), newJob()];
  jobs.take({ t: "run", job: task });
  jobs.take({ t: "run", job: turn });
  await ends(task, turn);
  const loading = ofType(task, "progress").flatMap((event) =>
    event.t === "progress" && event.note.startsWith("等待模型加载 ") ? [event.percent ?? -1] : [],
  );
  expect(loading.length).toBeGreaterThan(2);
  expect(loading).toEqual(loading.toSorted((a, b) => a - b));
  expect(loading.every((percent) => percent >= 0 && percent <= 100)).toBe(true);
  expect(notes(turn)).toEqual([]);
  expect(model.requests()).toBe(2);
});

test("accounts that are bound while their jobs run and wait: all of it is the one person's", async () => {
  const { start, speaks, ends, ofType } = await agent({ parallel: 2, ...PACE, tokensPerAnswer: 100 });
  const { jobs, conversations, tasks } = start();
  const task = newAttempt({ userId: "mini" });
  const turn = newJob({ userId: "mini", conversationId: "a1.chat" });
  for (const job of [task, turn]) jobs.take({ t: "run", job });
  await speaks(task);
  jobs.take({ t: "join", from: "mini", to: "wecom" });
  jobs.take({ t: "join", from: "mini", to: "wecom" });
  // Sent before the gateway knew.
  const late = newJob({ userId: "mini", conversationId: "a1.chat" });
  const after = newJob({ userId: "wecom", conversationId: "a1.chat" });
  for (const job of [late, after]) jobs.take({ t: "run", job });
  await ends(task, turn, late, after);
  for (const job of [task, turn, late, after]) expect(ofType(job, "done")).toHaveLength(1);
  expect(conversations.list("wecom").map(({ id }) => id)).toEqual(["a1.chat"]);
  const { messages } = conversations.history("wecom", { conversationId: "a1.chat", limit: 10 });
  expect(messages.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => "done"));
  expect(tasks.attempts("wecom", task.conversationId)[0]?.result).not.toBe("");
});
