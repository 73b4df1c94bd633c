import type { Conversation } from "../../../src/contract/conversation";
import type { AgentPresence } from "../../../src/contract/presence";
import type { Task } from "../../../src/contract/task";
import type { User } from "../../../src/contract/user";
import { type AgentCard, agentCard, chosenAgent } from "../account/agent-text";
import { type AvatarLook, avatarLook } from "../account/avatar-look";
import { greeting } from "../screen/time-text";
import { type TaskCard, taskCard } from "../tasks/task-text";

/** What the first page draws. */
export interface HomeData {
  readonly hello: string;
  readonly person: AvatarLook;
  readonly agent: AgentCard;
  readonly manyAgents: boolean;
  /** A few; `openCount` of all. */
  readonly tasks: readonly TaskCard[];
  readonly openCount: number;
  readonly tasksKnown: boolean;
  readonly conversations: readonly Conversation[];
  readonly conversationsKnown: boolean;
}

/** What is undefined is not known yet. */
export interface HomeState {
  readonly user: User | undefined;
  readonly agents: readonly AgentPresence[];
  /** Without a connection nobody knows how the agents are. */
  readonly offline: boolean;
  readonly tasks: readonly Task[] | undefined;
  readonly conversations: readonly Conversation[] | undefined;
}

const SHOWN_TASKS = 3;

/** `now` in ms since 1970. */
export function homeData({ user, agents, offline, tasks, conversations }: HomeState, now: number): HomeData {
  const name = user?.name;
  const hello = greeting(now);
  return {
    hello: name === undefined ? hello : `${hello}，${name}`,
    person: avatarLook(user ?? {}),
    agent: agentCard(chosenAgent(user, agents), now, offline),
    manyAgents: agents.length > 1,
    tasks: (tasks ?? []).slice(0, SHOWN_TASKS).map((task) => taskCard(task, now, false)),
    openCount: tasks?.length ?? 0,
    tasksKnown: tasks !== undefined,
    conversations: conversations ?? [],
    conversationsKnown: conversations !== undefined,
  };
}
