import * as v from "valibot";
import { AgentId } from "./identifiers.ts";
import { Timestamp } from "./job.ts";

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What an agent says of itself while its link is up. */
export const AgentReport = v.object({
  /** The model that would answer now; absent when the model server does not answer. */
  model: v.optional(v.string()),
  /** Whether the model server answers. An agent without it keeps its jobs and waits. */
  modelReady: v.boolean(),
  slots: Count,
  running: Count,
  /** Accepted, not yet running. */
  waiting: Count,
});
export type AgentReport = v.InferOutput<typeof AgentReport>;

/** An agent as users see it. */
export const AgentPresence = v.object({
  id: AgentId,
  online: v.boolean(),
  /** Since when its link has been up; absent when offline. */
  since: v.optional(Timestamp),
  ...v.partial(AgentReport).entries,
});
export type AgentPresence = v.InferOutput<typeof AgentPresence>;
