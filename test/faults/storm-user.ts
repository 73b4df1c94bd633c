import { TRPCClientError } from "@trpc/client";
import type { CancelOutcome, Task } from "../../src/contract/task.ts";
import type { UserRouter } from "../../src/contract/user-api.ts";
import { type Deed, promptOf, type Scenario, type TaskScript } from "./storm-script.ts";
import { clock } from "./storm-weather.ts";
import { type System, until, type UserClient } from "../system.ts";
import { type WatchedFeed, watchFeed } from "../watched-feed.ts";
import { type WatchedJob, watchJob } from "../watched-job.ts";

/** Who asks for something goes on asking this long. */
const PATIENCE_MS = 30_000;
const ANSWER_WITHIN_MS = 8_000;
const AGAIN_AFTER_MS = 30;
const CHAT_TOKENS = 8;

export interface StormTask {
  script: TaskScript;
  /** Undefined until it is made. */
  id: string | undefined;
  /** What was answered to each cancellation, and how many attempts there were at least when it was asked for. */
  cancels: { outcome: CancelOutcome; attempts: number }[];
  /** How often another attempt was asked for, repeats for want of an answer included. */
  retriesSent: number;
}

/** Somebody who does what their scenario says, and sees what becomes of it. */
export interface StormUser {
  name: string;
  userId: string;
  client: UserClient;
  tasks: StormTask[];
  /** What was said to a device that stays, and to one that comes and goes. */
  steady: WatchedFeed;
  wandering(): WatchedFeed["events"];
  /** The events of each attempt, and of each chat message, as they came. */
  jobs: Map<string, WatchedJob>;
  chats: { jobId: string; prompt: string }[];
  /** What was done when, for people. */
  trace: string[];
  /** What went wrong on the way. */
  faults: string[];
  play(): Promise<void>;
  leave(): Promise<void>;
}

export async function newStormUser(system: System, scenario: Scenario): Promise<StormUser> {
  const { name } = scenario;
  const token = await system.signIn(name);
  const client = system.client(token);
  const { api } = client;
  const trace: string[] = [];
  const faults: string[] = [];
  const jobs = new Map<string, WatchedJob>();
  const chats: StormUser["chats"] = [];
  const known = new Map<string, Task>();
  const note = (what: string) => trace.push(`${clock(Date.now())} ${what}`);

  function watch(jobId: string): WatchedJob {
    const before = jobs.get(jobId);
    if (before) return before;
    const job = watchJob(client, jobId);
    jobs.set(jobId, job);
    job.completed.then(
      () => note(`${jobId} ends: ${job.end()?.t}`),
      (error: unknown) => faults.push(`the events of ${jobId} were refused: ${String(error)}`),
    );
    return job;
  }
  function learn(task: Task): Task {
    const before = known.get(task.id);
    if (!before || before.attempts <= task.attempts) known.set(task.id, task);
    watch(task.jobId);
    return task;
  }
  /** Asks until there is an answer; `onSend` before each time. */
  async function surely<T>(
    what: string,
    ask: (signal: AbortSignal) => Promise<T>,
    onSend = () => {},
  ): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    note(what);
    for (;;) {
      try {
        onSend();
        return await ask(AbortSignal.timeout(ANSWER_WITHIN_MS));
      } catch (error) {
        if (reasonOf(error) !== undefined || Date.now() > deadline) throw error;
        note(`${what} again: ${String(error).slice(0, 80)}`);
        await Bun.sleep(AGAIN_AFTER_MS);
      }
    }
  }

  const steady = await watchFeed(client, undefined, (event) => {
    if (event.t !== "task") return;
    const { key } = scenario.tasks.find(({ prompt }) => event.task.title === prompt) ?? { key: "?" };
    note(`feed: ${key} ${event.task.attempts} ${event.task.status}`);
    learn(event.task);
  });
  let phone = await openPhone();
  const earlier: WatchedFeed["events"] = [];
  let lastId: string | undefined;
  let reconnected = Promise.resolve();
  async function openPhone(after?: string) {
    const device = system.client(token);
    return { device, feed: await watchFeed(device, after) };
  }
  /** One after the other: two tasks may want it at once. */
  function reconnect(): Promise<void> {
    note("reconnect");
    reconnected = reconnected.then(reopenPhone);
    return reconnected;
  }
  async function reopenPhone(): Promise<void> {
    const { device, feed } = phone;
    feed.stop();
    await device.close();
    earlier.push(...feed.events);
    lastId = feed.ids.at(-1) ?? lastId;
    if (lastId === undefined) faults.push("a feed without an id");
    phone = await openPhone(lastId);
  }

  async function create({ script }: StormTask): Promise<Task> {
    const { key, prompt } = script;
    return learn(
      await surely(`create ${key}`, (signal) =>
        api.task.create.mutate({ prompt, idempotencyKey: key }, { signal }),
      ),
    );
  }
  async function cancel({ id = "", cancels, script }: StormTask): Promise<void> {
    const attempts = known.get(id)?.attempts ?? 1;
    const outcome = await surely(`cancel ${script.key}`, (signal) =>
      api.task.cancel.mutate({ id }, { signal }),
    );
    note(`cancel ${script.key}: ${outcome}`);
    cancels.push({ outcome, attempts });
  }
  async function retry(task: StormTask): Promise<void> {
    const { id = "", script } = task;
    try {
      const tried = await surely(
        `retry ${script.key}`,
        (signal) => api.task.retry.mutate({ id }, { signal }),
        () => task.retriesSent++,
      );
      note(`retry ${script.key}: ${learn(tried).attempts} ${tried.status}`);
    } catch (error) {
      if (reasonOf(error) !== "not-ended") throw error;
      note(`retry ${script.key}: not ended`);
    }
  }
  async function awaitEnd(task: StormTask): Promise<void> {
    const jobId = known.get(task.id ?? "")?.jobId;
    if (jobId === undefined || task.script.endless) return;
    await until(`the end of ${task.script.key}`, () => jobs.get(jobId)?.end() !== undefined, PATIENCE_MS);
  }
  async function chat(key: string): Promise<void> {
    const prompt = promptOf(`${key}-chat${chats.length}`, CHAT_TOKENS);
    const message = { text: prompt, idempotencyKey: prompt };
    const { jobId } = await surely("chat", (signal) => api.chat.send.mutate(message, { signal }));
    chats.push({ jobId, prompt });
    watch(jobId);
  }

  const deeds: Record<Deed, (task: StormTask) => Promise<unknown>> = {
    cancel,
    "cancel twice": (task) => Promise.all([cancel(task), cancel(task)]),
    retry,
    "retry twice": (task) => Promise.all([retry(task), retry(task)]),
    "cancel and retry": (task) => Promise.all([cancel(task), retry(task)]),
    async "create again"(task) {
      if ((await create(task)).id !== task.id) faults.push(`${task.script.key} was made twice`);
    },
    "await the end": awaitEnd,
    reconnect,
    chat: (task) => chat(task.script.key),
  };

  async function playTask(task: StormTask): Promise<void> {
    await Bun.sleep(task.script.startMs);
    task.id = (await create(task)).id;
    for (const { afterMs, deed } of task.script.steps) {
      await Bun.sleep(afterMs);
      await deeds[deed](task);
    }
    // Whatever attempt is the newest by then: nothing else ends it.
    if (task.script.endless) await cancel(task);
  }

  const tasks = scenario.tasks.map((script): StormTask => ({
    script,
    id: undefined,
    cancels: [],
    retriesSent: 0,
  }));
  return {
    name,
    userId: (await api.me.get.query()).id,
    client,
    tasks,
    steady,
    wandering: () => [...earlier, ...phone.feed.events],
    jobs,
    chats,
    trace,
    faults,
    async play() {
      const played = await Promise.allSettled(tasks.map(playTask));
      for (const one of played) if (one.status === "rejected") faults.push(String(one.reason));
    },
    async leave() {
      await Promise.all([client.close(), phone.device.close()]);
    },
  };
}

/** Undefined when there was no answer, or none that says what the caller may do. */
function reasonOf(error: unknown): string | undefined {
  return error instanceof TRPCClientError ? (error as TRPCClientError<UserRouter>).data?.reason : undefined;
}
