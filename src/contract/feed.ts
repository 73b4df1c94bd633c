import * as v from "valibot";
import { ConversationId } from "./identifiers.ts";
import { JobSummary } from "./job.ts";
import { AgentPresence } from "./presence.ts";
import { Task } from "./task.ts";

/**
 * What happens to a user's jobs and tasks and to the agents, on all of their devices. `ready` comes first on a feed that
 * does not resume: its id is where to resume from, should nothing else have come before a break. A task's changes come
 * as `task` only; an agent's presence is not kept: after a break, ask for it. `conversation`: it has another title; `user`:
 * what `me.get` answers has changed.
 */
export const FeedEvent = v.variant("t", [
  v.object({ t: v.literal("ready") }),
  v.object({ t: v.literal("job"), job: JobSummary }),
  v.object({ t: v.literal("task"), task: Task }),
  v.object({ t: v.literal("conversation"), id: ConversationId, title: v.string() }),
  v.object({ t: v.literal("conversation-deleted"), id: ConversationId }),
  v.object({ t: v.literal("user") }),
  v.object({ t: v.literal("agent"), agent: AgentPresence }),
]);
export type FeedEvent = v.InferOutput<typeof FeedEvent>;
