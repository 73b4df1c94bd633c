import type { FeedEvent } from "../src/contract/feed.ts";
import type { Task } from "../src/contract/task.ts";
import { type PlayedAgent, playAgent } from "./played-agent.ts";
import { startSystem, type System, until, type UserClient } from "./system.ts";
import type { WatchedFeed } from "./watched-feed.ts";

export const ONE = { id: "a1", key: "agent-key-one-for-tests" };
export const OTHER = { id: "a2", key: "agent-key-two-for-tests" };
/** Open tasks that a user may have. */
export const MAX_OPEN = 4;

/** A gateway for two agents, which tests play. */
export function startTaskSystem(): Promise<System> {
  return startSystem({
    withoutAgent: true,
    gatewayEnv: {
      CLAW_AGENTS: `${ONE.id}:${ONE.key},${OTHER.id}:${OTHER.key}`,
      CLAW_TASKS_MAX_OPEN: String(MAX_OPEN),
    },
  });
}

/** Somebody who has no tasks yet, and their agent, which has nothing to do. */
export interface TaskUser {
  client: UserClient;
  api: UserClient["api"];
  /** Their agent on its newest link. */
  agent: PlayedAgent;
  create(prompt: string, idempotencyKey?: string): Promise<Task>;
  statusOf(task: Task): Promise<Task["status"]>;
  untilStatus(task: Task, status: Task["status"]): Promise<void>;
  /** Resolves when the agent has the task on its disk. */
  delivered(task: Task): Promise<void>;
  /** The agent comes back. */
  reconnect(): Promise<void>;
}

let users = 0;

export async function newTaskUser(system: System): Promise<TaskUser> {
  const client = system.client(await system.signIn(`tasks${++users}`));
  const { api } = client;
  const user: TaskUser = {
    client,
    api,
    agent: await playAgent(system.gatewayUrl, ONE),
    create: (prompt, idempotencyKey = crypto.randomUUID()) =>
      api.task.create.mutate({ prompt, idempotencyKey }),
    statusOf: async ({ id }) => (await api.task.get.query({ id })).status,
    untilStatus: (task, status) =>
      until(`${task.title} to be ${status}`, async () => (await user.statusOf(task)) === status),
    async delivered({ title, jobId }) {
      await until(`the order of ${title}`, () => user.agent.jobs().includes(jobId));
      await user.agent.accept();
    },
    async reconnect() {
      user.agent = await playAgent(system.gatewayUrl, ONE);
    },
  };
  return user;
}

/** What a feed has told of a task, in order. */
export function tasksTold(feed: WatchedFeed, id: string): Task[] {
  return feed.events.flatMap((event: FeedEvent) =>
    event.t === "task" && event.task.id === id ? [event.task] : [],
  );
}
