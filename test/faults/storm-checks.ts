import { JobStatus } from "../../src/contract/job.ts";
import type { Attempt, Task, TaskDetail } from "../../src/contract/task.ts";
import { isFinal, rankOf } from "../../src/gateway/jobs/job-record.ts";
import { answerTo } from "./storm-script.ts";
import type { StormTask, StormUser } from "./storm-user.ts";
import { calmAfter, type Disturbance } from "./storm-weather.ts";
import { tasksTold } from "../task-user.ts";
import { until, type UserClient } from "../system.ts";
import { type WatchedJob, watchJob } from "../watched-job.ts";

/** After the last blow everything ends within this time: what waits, has to run. */
const END_WITHIN_MS = 30_000;
/**
 * From the link's being up to the agent's knowing of a cancellation: as long as an order takes. An agent that was
 * restarted waits for its orders before it goes on.
 */
const TOLD_WITHIN_MS = 200;
/** The stand-in shares its processor time with everything else: it may note a request that late. */
const NOTED_WITHIN_MS = 300;
/** A task that ran when its agent died is begun again at most once. */
const MOST_REQUESTS_PER_ATTEMPT = 2;

/** What a storm leaves behind to judge by. */
export interface Aftermath {
  disturbances: readonly Disturbance[];
  requests: readonly { key: string; at: number }[];
}

/** Everything that must hold of a user's tasks once they have ended, and does not. */
export async function faultsOf(user: StormUser, aftermath: Aftermath): Promise<string[]> {
  const { api } = user.client;
  const faults = [...user.faults];
  const details: TaskDetail[] = [];
  for (const task of user.tasks) {
    const { id, script } = task;
    if (id === undefined) continue;
    const get = () => api.task.get.query({ id });
    const ended = await until(
      `the end of ${script.key}`,
      async () => hasEnded(await get()),
      END_WITHIN_MS,
    ).catch(String);
    const detail = await get();
    details.push(detail);
    const found = ended === undefined ? await faultsOfTask(user, task, detail, aftermath) : [ended];
    faults.push(...found.map((fault) => `${script.key}: ${fault}`));
  }
  faults.push(...(await faultsOfLists(user.client, details)));
  for (const { jobId, prompt } of user.chats) {
    const job = await toItsEnd(user.jobs.get(jobId));
    faults.push(...faultsOfEvents(job, `chat ${jobId}`, prompt));
    if (job.end()?.t !== "done") faults.push(`chat ${jobId} ended as ${job.end()?.t}`);
  }
  // What a Redis forgets when it is killed, is told once more.
  if (!aftermath.disturbances.some(({ blow }) => blow === "redis"))
    faults.push(...(await faultsOfComing(user)));
  return faults;
}

/** A device that came and went has been told the same as one that stayed. */
async function faultsOfComing(user: StormUser): Promise<string[]> {
  const steady = () => told(user.steady.events);
  const wandering = () => told(user.wandering());
  await until("both feeds to be level", () => steady().length === wandering().length).catch(() => {
    // What differs is said below.
  });
  const [stayed, came] = [steady(), wandering()];
  const at = stayed.findIndex((event, i) => event !== came[i]);
  if (at === -1 && came.length === stayed.length) return [];
  return [
    `of ${stayed.length} changes a device that came and went was told ${came.length}: ${came.slice(at).join()}`,
  ];
}

function hasEnded({ status, history }: TaskDetail): boolean {
  return isFinal(status) && history.every((attempt) => isFinal(attempt.status));
}

async function faultsOfTask(
  user: StormUser,
  { script, cancels, retriesSent }: StormTask,
  detail: TaskDetail,
  aftermath: Aftermath,
): Promise<string[]> {
  const faults: string[] = [];
  const { history, attempts, status, fromCache } = detail;
  const numbers = history.map(({ number }) => number);
  if (
    differ(
      numbers,
      Array.from({ length: attempts }, (_, i) => i + 1),
    )
  )
    faults.push(`attempts numbered ${numbers.join()}, ${attempts} in all`);
  if (new Set(history.map(({ jobId }) => jobId)).size !== history.length)
    faults.push("two attempts are one job");
  if (attempts > 1 + retriesSent) faults.push(`${attempts} attempts, asked for ${1 + retriesSent}`);
  if (history.at(-1)?.status !== status)
    faults.push(`is ${status}, its newest attempt ${history.at(-1)?.status}`);
  if (fromCache) faults.push("the agent was not asked");
  for (const { outcome, attempts: atLeast } of cancels) {
    const possible = history.filter(({ number }) => number >= atLeast).map(({ status }) => status);
    if (outcome !== "cancelling" && !possible.includes(outcome))
      faults.push(`cancelling said ${outcome}, its attempts are ${possible.join()}`);
  }
  const ends = () => tasksTold(user.steady, detail.id).filter((one) => isFinal(one.status));
  await until(
    "the feed to tell every end",
    () => new Set(ends().map(({ jobId }) => jobId)).size >= attempts,
  ).catch(() => {
    // Which one is missing is said below.
  });
  let endOfOthers = 0;
  for (const [i, attempt] of history.entries()) {
    const late = await toItsEnd(watchJob(user.client, attempt.jobId));
    faults.push(
      ...faultsOfAttempt(user, attempt, late, script.prompt),
      ...faultsOfFeed(user, detail, attempt, aftermath),
    );
    const over = agentKnows(attempt, late, aftermath.disturbances);
    const began = aftermath.requests
      .filter(({ key, at }) => key === script.key && at < (history[i + 1]?.createdAt ?? Infinity))
      .map(({ at }) => at);
    faults.push(...faultsOfRequests(attempt, { began, over, endOfOthers }));
    endOfOthers = over;
  }
  return faults;
}

/** One end, the same for who was there and who comes later, with the text that the agent has. */
function faultsOfAttempt(user: StormUser, attempt: Attempt, late: WatchedJob, prompt: string): string[] {
  const { jobId, number, status, result = "" } = attempt;
  const name = `attempt ${number} (${jobId})`;
  const faults = faultsOfEvents(late, name, prompt);
  const live = user.jobs.get(jobId);
  if (live && differ(live.events, late.events)) faults.push(`${name} was seen in two ways`);
  if (live) faults.push(...live.faults.map((fault) => `${name}, live: ${fault}`));
  if (late.end()?.t !== status) faults.push(`${name} is ${status}, its events say ${late.end()?.t}`);
  if (late.text() !== "" && late.text() !== result)
    faults.push(`${name} has the result “${result}”, was seen to say “${late.text()}”`);
  return faults;
}

function faultsOfEvents(job: WatchedJob, name: string, prompt: string): string[] {
  const faults = job.faults.map((fault) => `${name}: ${fault}`);
  const ends = job.events.filter(({ t }) => t === "done" || t === "failed" || t === "cancelled");
  if (ends.length !== 1 || job.events.at(-1) !== ends[0])
    faults.push(`${name} ends with ${JSON.stringify(ends)}`);
  const end = job.end();
  if (end?.t === "done" && (end.text !== answerTo(prompt) || end.text !== job.text()))
    faults.push(`${name} answers “${end.text}”, was seen to say “${job.text()}”`);
  if (!answerTo(prompt).startsWith(job.text())) faults.push(`${name} says “${job.text()}”`);
  return faults;
}

/** The feed tells each attempt's way in order, its end once, and that as `task.get` has it. */
function faultsOfFeed(user: StormUser, task: Task, attempt: Attempt, { disturbances }: Aftermath): string[] {
  const faults: string[] = [];
  const seen = tasksTold(user.steady, task.id).filter(({ jobId }) => jobId === attempt.jobId);
  const ranks = seen.map(({ status }) => rankOf(status));
  const ends = seen.filter(({ status }) => isFinal(status));
  // What a Redis forgets when it is killed, is told once more.
  const isOnce = ends.length === 1 || (ends.length > 1 && disturbances.some(({ blow }) => blow === "redis"));
  const statuses = seen.map(({ status }) => status).join();
  if (!isOnce || ends.some(({ status }) => status !== attempt.status))
    faults.push(`the feed told of attempt ${attempt.number}, ${attempt.status}: ${statuses}`);
  if (
    differ(
      ranks,
      ranks.toSorted((a, b) => a - b),
    )
  )
    faults.push(`the feed told of attempt ${attempt.number} out of order: ${statuses}`);
  const end = ends.at(-1);
  if (attempt.number === task.attempts && end && differ(summary(end), summary(task)))
    faults.push(`the feed ended with ${JSON.stringify(end)}, the task is ${JSON.stringify(summary(task))}`);
  return faults;
}

/** From when on there can be no request for an ended attempt. */
function agentKnows(
  { status, finishedAt = 0 }: Attempt,
  { events }: WatchedJob,
  disturbances: readonly Disturbance[],
): number {
  // One that has begun was ended by the agent itself.
  const byAgent = status !== "cancelled" || events.some(({ t }) => t === "started");
  const known = byAgent ? finishedAt : calmAfter(disturbances, finishedAt, TOLD_WITHIN_MS);
  return known + NOTED_WITHIN_MS;
}

/** As many requests as it needs, and none once it is over: `began`, before the next attempt, which asks the same. */
function faultsOfRequests(
  { number, status, createdAt }: Attempt,
  { began, over, endOfOthers }: { began: readonly number[]; over: number; endOfOthers: number },
): string[] {
  const faults: string[] = [];
  const since = began.filter((at) => at >= createdAt);
  if (status === "done" && since.length === 0) faults.push(`no request for attempt ${number}, done`);
  // Until its agent knew better, the one before may have asked, too.
  const own = since.filter((at) => at > endOfOthers);
  if (own.length > MOST_REQUESTS_PER_ATTEMPT) faults.push(`${own.length} requests for attempt ${number}`);
  const late = since.filter((at) => at > over).map((at) => at - over);
  if (late.length > 0) faults.push(`requests ${late.join()} ms after attempt ${number} was over, ${status}`);
  return faults;
}

/** Every task is in the list once, and in that of its status; numbers are counted; none is open. */
async function faultsOfLists({ api }: UserClient, details: readonly TaskDetail[]): Promise<string[]> {
  const faults: string[] = [];
  const list = await api.task.list.query();
  const numbers = list.tasks.map(({ number }) => number);
  if (
    differ(
      numbers,
      Array.from({ length: details.length }, (_, i) => details.length - i),
    )
  )
    faults.push(`${details.length} tasks are listed with the numbers ${numbers.join()}`);
  for (const status of JobStatus.options) {
    const { tasks } = await api.task.list.query({ status });
    const expected = details.filter((task) => task.status === status).map(({ id }) => id);
    if (differ(tasks.map(({ id }) => id).toSorted(), expected.toSorted()))
      faults.push(`as ${status} are listed ${tasks.map(({ id }) => id).join()}`);
  }
  return faults;
}

async function toItsEnd(job: WatchedJob | undefined): Promise<WatchedJob> {
  if (!job) throw new Error("nobody watched");
  const late = Bun.sleep(END_WITHIN_MS).then(() => job.faults.push("no end"));
  await Promise.race([job.completed, late]).catch((error: unknown) => job.faults.push(String(error)));
  return job;
}

function told(events: StormUser["steady"]["events"]): string[] {
  return events.flatMap((event) => (event.t === "task" ? [JSON.stringify(event.task)] : []));
}

/** What a list shows, without what only the details have. */
function summary({ id, number, title, status, attempts, jobId, finishedAt, preview, failure }: Task): object {
  return { id, number, title, status, attempts, jobId, finishedAt, preview, failure };
}

function differ(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
