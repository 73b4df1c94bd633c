import * as v from "valibot";
import { JobSummary } from "./job.ts";
import { AgentPresence } from "./presence.ts";
import { Task } from "./task.ts";

/**
 * What happens to a user's jobs and tasks and to the agents, on all of their devices. `ready` comes first on a feed that
 * does not resume: its id is where to resume from, should nothing else have come before a break. A task's changes come
 * as `task` only; an agent's presence is not kept: after a break, ask for it.
 */
export const FeedEvent = v.variant("t", [
  v.object({ t: v.literal("ready") }),
  v.object({ t: v.literal("job"), job: JobSummary }),
  v.object({ t: v.literal("task"), task: Task }),
  v.object({ t: v.literal("agent"), agent: AgentPresence }),
]);
export type FeedEvent = v.InferOutput<typeof FeedEvent>;
