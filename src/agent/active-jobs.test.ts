import { afterEach, expect, test } from "bun:test";
import { getLogger } from "@logtape/logtape";
import { openGatewayDouble, openTestDatabase, unexpected } from "../../test/agent-parts.ts";
import { newJob } from "../../test/gateway-parts.ts";
import { until } from "../../test/until.ts";
import type { Job } from "../contract/job.ts";
import type { ReplyEvent } from "../contract/reply-event.ts";
import { openActiveJobs } from "./active-jobs.ts";
import type { ModelEvent } from "./lm-studio/model-server.ts";
import { openConversations } from "./conversations.ts";
import { openConversationStore } from "./store/conversation-store.ts";

const END = { t: "end", finish: "stop" } as ModelEvent;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** An agent without link and model server: each answer says "半" and waits until it is let go. */
function agent(options: { slots?: number } = {}) {
  const database = openTestDatabase();
  cleanups.push(() => database.close());
  const gateway = openGatewayDouble();
  const log = getLogger(["claw", "test"]);
  let gate = Promise.withResolvers<void>();
  /** When the model server was asked: whether the agent had anything of a job then. */
  const storedWhenAsked: boolean[] = [];

  async function* chat(_messages: unknown, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    storedWhenAsked.push(database.store().unsettled().length > 0);
    yield { t: "delta", text: "半" };
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    await Promise.race([gate.promise, aborted]);
    signal.throwIfAborted();
    yield { t: "delta", text: "截" };
    yield END;
  }
  function start() {
    const store = database.reopen();
    const conversations = openConversationStore(database.db);
    const modelServer = { inspect: () => Promise.reject(new Error("not asked")), chat };
    const jobs = openActiveJobs({
      store,
      run: { modelServer, conversations, contextTokens: () => undefined, log },
      slots: () => options.slots ?? 4,
      tasksPerUser: 2,
      link: () => gateway.link,
      log,
      onChange: () => {},
      onFailure: unexpected,
    });
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= jobs.stop());
    cleanups.push(stop);
    jobs.takeUp();
    return { jobs, store, conversations, stop };
  }
  return {
    gateway,
    database,
    storedWhenAsked,
    start,
    letGo: () => gate.resolve(),
    hold: () => (gate = Promise.withResolvers<void>()),
    said: (job: Job) => gateway.events(job.id).map(({ t }) => t),
    text: (job: Job) => textOf(gateway.events(job.id)),
  };
}
/** The text as a client shows it. */
const textOf = (events: readonly ReplyEvent[]) =>
  events.reduce(
    (text, event) => (event.t === "reset" ? "" : event.t === "delta" ? text + event.text : text),
    "",
  );

test("an order is taken once, run, and settled when the gateway has its end", async () => {
  const { gateway, start, letGo, said } = agent();
  const { jobs, store } = start();
  const job = newJob();
  jobs.take({ t: "run", job });
  jobs.take({ t: "run", job });
  letGo();
  await until("it to be settled", () => store.unsettled().length === 0);
  expect(said(job)).toEqual(["started", "delta", "delta", "done"]);
  jobs.take({ t: "run", job });
  expect(jobs.counts()).toEqual({ running: 0, waiting: 0 });
  expect(gateway.events(job.id)).toHaveLength(4);
});

test("of a turn the model server is asked first, and it is on the disk when the order is taken", () => {
  const { start, storedWhenAsked } = agent();
  const { jobs, store } = start();
  const job = newJob();
  jobs.take({ t: "run", job });
  expect(storedWhenAsked).toEqual([false]);
  expect(store.isKnown(job.id)).toBe(true);
});

test("a turn that replaces another, and a task, are on the disk before the model server is asked", async () => {
  const { start, storedWhenAsked, letGo } = agent();
  const { jobs, store } = start();
  const replaced = newJob();
  letGo();
  jobs.take({ t: "run", job: replaced });
  await until("it to be settled", () => store.unsettled().length === 0);
  jobs.take({ t: "run", job: newJob({ replaces: replaced.id }) });
  await until("it to be settled", () => store.unsettled().length === 0);
  jobs.take({ t: "run", job: newJob({ kind: "task", conversationId: "a1.t1" }) });
  expect(storedWhenAsked).toEqual([false, true, true]);
});

test("the model server is not asked for a turn in somebody else's conversation, deleted or not", async () => {
  const { start, storedWhenAsked, said, letGo } = agent();
  const { jobs, store, conversations } = start();
  const theirs = newJob({ userId: "u1" });
  letGo();
  jobs.take({ t: "run", job: theirs });
  await until("it to be settled", () => store.unsettled().length === 0);
  const foreign = newJob({ userId: "u2", conversationId: theirs.conversationId });
  jobs.take({ t: "run", job: foreign });
  conversations.remove("u1", theirs.conversationId);
  const late = newJob({ userId: "u2", conversationId: theirs.conversationId });
  jobs.take({ t: "run", job: late });
  await until("they to be settled", () => store.unsettled().length === 0);
  expect([said(foreign), said(late)]).toEqual([
    ["started", "failed"],
    ["started", "failed"],
  ]);
  expect(storedWhenAsked).toEqual([false]);
});

test("after a restart it goes on: waiting jobs run, broken answers begin again, ends are still sent", async () => {
  const { gateway, start, letGo, said, text } = agent({ slots: 1 });
  const [broken, waiting] = [newJob({ conversationId: "a1.c1" }), newJob({ conversationId: "a1.c2" })];
  const first = start();
  first.jobs.take({ t: "run", job: broken });
  first.jobs.take({ t: "run", job: waiting });
  await until("the answer to have begun", () => said(broken).includes("delta"));
  await first.stop();

  const second = start();
  second.jobs.resume();
  letGo();
  await until("both to be settled", () => second.store.unsettled().length === 0);
  expect(said(broken)).toEqual(["started", "delta", "reset", "started", "delta", "delta", "done"]);
  expect(text(broken)).toBe("半截");
  expect(said(waiting)).toEqual(["started", "delta", "delta", "done"]);

  const unsent = newJob();
  gateway.onPush = () => Promise.reject(new Error("no answer"));
  second.jobs.take({ t: "run", job: unsent });
  await until("it to end", () => second.store.unsettled()[0]?.ended === true);
  await second.stop();
  gateway.onPush = () => undefined;
  const third = start();
  third.jobs.resume();
  await until("it to be settled", () => third.store.unsettled().length === 0);
  expect(said(unsent)).toEqual(["started", "delta", "delta", "done"]);
});

test("until it is to go on: what is cancelled or has ended is told, new jobs run, behind older ones of their conversation", async () => {
  const { gateway, start, letGo, said, hold } = agent();
  letGo();
  const [ended, cancelledBefore, cancelledNow, older] = [1, 2, 3, 4].map((n) =>
    newJob({ conversationId: `a1.c${n}` }),
  ) as [Job, Job, Job, Job];
  const first = start();
  gateway.onPush = () => Promise.reject(new Error("no answer"));
  first.jobs.take({ t: "run", job: ended });
  await until("it to end", () => first.store.unsettled()[0]?.ended === true);
  await first.stop();
  gateway.onPush = () => undefined;
  for (const job of [cancelledBefore, cancelledNow, older]) first.store.take({ t: "run", job });
  first.store.take({ t: "cancel", jobId: cancelledBefore.id });

  hold();
  const { jobs, store } = start();
  const [newer, other] = [
    newJob({ conversationId: older.conversationId }),
    newJob({ conversationId: "a1.c5" }),
  ];
  for (const job of [newer, other]) jobs.take({ t: "run", job });
  jobs.take({ t: "cancel", jobId: cancelledNow.id });
  await until(
    "the new one to run, and the others to be told",
    () => said(other).includes("delta") && store.unsettled().length === 3,
  );
  expect([ended, cancelledBefore, cancelledNow].map((job) => said(job).at(-1))).toEqual([
    "done",
    "cancelled",
    "cancelled",
  ]);
  expect([older, newer].map(said)).toEqual([[], []]);
  expect(jobs.counts()).toEqual({ running: 1, waiting: 2 });
  jobs.resume();
  await until("the older one to run", () => said(older).includes("delta"));
  expect(said(newer)).toEqual([]);
  letGo();
  await until("all to be settled", () => store.unsettled().length === 0);
  expect([older, newer].map((job) => said(job).at(-1))).toEqual(["done", "done"]);
});

test("cancelled: a waiting job never runs, a running one stops and frees its slot, an ended one stays", async () => {
  const { start, said, letGo, hold } = agent({ slots: 1 });
  const { jobs, store } = start();
  const [runs, waits, next] = [1, 2, 3].map((n) => newJob({ conversationId: `a1.c${n}` })) as [Job, Job, Job];
  for (const job of [runs, waits, next]) jobs.take({ t: "run", job });
  await until("the first to run", () => said(runs).includes("delta"));
  jobs.take({ t: "cancel", jobId: waits.id });
  jobs.take({ t: "cancel", jobId: runs.id });
  jobs.take({ t: "cancel", jobId: "a1.nosuch" });
  await until("the third to run", () => said(next).includes("delta"));
  letGo();
  await until("all to be settled", () => store.unsettled().length === 0);
  expect(said(runs)).toEqual(["started", "delta", "cancelled"]);
  expect(said(waits)).toEqual(["cancelled"]);
  jobs.take({ t: "cancel", jobId: next.id });
  expect(said(next).at(-1)).toBe("done");
  hold();
});

test("a job cancelled just before a restart does not run after it", async () => {
  const { start, said } = agent({ slots: 0 });
  const first = start();
  const job = newJob();
  first.store.take({ t: "run", job });
  first.store.take({ t: "cancel", jobId: job.id });
  await first.stop();
  const second = start();
  second.jobs.resume();
  await until("it to be settled", () => second.store.unsettled().length === 0);
  expect(said(job)).toEqual(["cancelled"]);
});

test("a running job that the gateway has ended stops, and is settled for good", async () => {
  const { gateway, start } = agent();
  const { jobs, store, conversations } = start();
  const job = newJob();
  gateway.close(job.id);
  jobs.take({ t: "run", job });
  await until("it to be settled", () => store.unsettled().length === 0);
  await until("it to stop", () => jobs.counts().running === 0);
  // What the run itself still says must not bring it back.
  await Bun.sleep(20);
  expect(store.unsettled()).toEqual([]);
  const { messages } = conversations.history("u1", { conversationId: job.conversationId, limit: 30 });
  expect(messages.map(({ status }) => status)).toEqual(["done", "cancelled"]);
});

test("a gateway that lost its last moments is offered them again, also after a restart of the agent", async () => {
  const { gateway, start, letGo, said } = agent();
  letGo();
  const first = start();
  const job = newJob();
  first.jobs.take({ t: "run", job });
  await until("it to be settled", () => first.store.unsettled().length === 0);
  gateway.forget(job.id, 1);
  first.jobs.offerAgain();
  await until("it to be there again", () => said(job).length === 4);
  await first.stop();

  gateway.forget(job.id, 0);
  const second = start();
  second.jobs.resume();
  second.jobs.offerAgain();
  await until("it to be there again", () => said(job).length === 4);
});

test("an agent that lost its last moments goes on behind what the gateway has, with a shorter answer too", async () => {
  for (const more of [1, 50]) {
    const { gateway, start, letGo, said, text } = agent();
    const first = start();
    const job = newJob();
    first.jobs.take({ t: "run", job });
    await until("the answer to have begun", () => said(job).includes("delta"));
    await first.stop();
    gateway.hasMore(
      job.id,
      Array.from({ length: more }, () => ({ t: "delta", text: "失" })),
    );

    const second = start();
    second.jobs.resume();
    letGo();
    await until("it to be settled", () => second.store.unsettled().length === 0);
    expect(text(job)).toBe("半截");
    expect(said(job).at(-1)).toBe("done");
    await second.stop();
  }
});

test("a settled job that is ordered again, by a gateway with an old backup, is answered from the history", async () => {
  const { gateway, start, letGo, said, text } = agent();
  letGo();
  const { jobs, store } = start();
  const job = newJob();
  jobs.take({ t: "run", job });
  await until("it to be settled", () => store.unsettled().length === 0);
  store.forgetSettled(Date.now() + 1);
  for (const kept of [0, 1]) {
    gateway.forget(job.id, kept);
    jobs.take({ t: "run", job });
    await until("it to be settled again", () => store.unsettled().length === 0);
    expect(said(job).at(-1)).toBe("done");
    expect(said(job).filter((t) => t === "done")).toHaveLength(1);
    expect(gateway.events(job.id).at(-1)).toMatchObject({ text: "半截" });
  }
  expect(text(job)).toBe("");
});

test("so is a cancelled one, and what there was of its answer stays in the history", async () => {
  const { gateway, start, said } = agent();
  const { jobs, store, conversations } = start();
  const job = newJob();
  jobs.take({ t: "run", job });
  await until("it to have begun", () => said(job).includes("delta"));
  jobs.take({ t: "cancel", jobId: job.id });
  await until("it to be settled", () => store.unsettled().length === 0);
  gateway.forget(job.id, 0);
  jobs.take({ t: "run", job });
  await until("it to be settled again", () => store.unsettled().length === 0);
  expect(said(job)).toEqual(["cancelled"]);
  const { messages } = conversations.history("u1", { conversationId: job.conversationId, limit: 10 });
  expect(messages.at(-1)).toMatchObject({ text: "半", status: "cancelled" });
});

test("a job that is to be cancelled but is not known here ends at the gateway, whatever that has of it", async () => {
  const { gateway, start, said } = agent();
  const { jobs } = start();
  for (const events of [[], [{ t: "started" as const }, { t: "delta" as const, text: "半" }]]) {
    const job = newJob();
    if (events.length > 0) gateway.hasMore(job.id, events);
    jobs.take({ t: "cancel", jobId: job.id });
    await until("it to have ended", () => said(job).at(-1) === "cancelled");
    expect(said(job)).toHaveLength(events.length + 1);
  }
});

test("a conversation that is deleted: what runs in it and what waits ends, elsewhere all goes on", async () => {
  const { start, said, letGo } = agent({ slots: 1 });
  const { jobs, store, conversations } = start();
  const [runs, waits, other] = ["a1.gone", "a1.gone", "a1.stays"].map((conversationId) =>
    newJob({ conversationId }),
  ) as [Job, Job, Job];
  for (const job of [runs, waits, other]) jobs.take({ t: "run", job });
  await until("the first to run", () => said(runs).includes("delta"));
  const port = openConversations(conversations, jobs);
  port.delete("u2", "a1.gone");
  expect(jobs.counts()).toEqual({ running: 1, waiting: 2 });
  port.delete("u1", "a1.gone");
  port.delete("u1", "a1.gone");
  await until("the other to run", () => said(other).includes("delta"));
  letGo();
  await until("all to be settled", () => store.unsettled().length === 0);
  expect([said(runs).at(-1), said(waits).at(-1), said(other).at(-1)]).toEqual([
    "cancelled",
    "cancelled",
    "done",
  ]);
  expect(port.list("u1").map(({ id }) => id)).toEqual(["a1.stays"]);
});

test("deleted just before the agent dies, nothing of it runs after the restart", async () => {
  const { start, said } = agent({ slots: 0 });
  const first = start();
  const job = newJob();
  first.store.take({ t: "run", job });
  // Its process ends before it has told the job.
  first.conversations.remove("u1", job.conversationId);
  await first.stop();
  const second = start();
  second.jobs.resume();
  await until("it to be settled", () => second.store.unsettled().length === 0);
  expect(said(job)).toEqual(["cancelled"]);
  expect(second.conversations.list("u1")).toEqual([]);
});
