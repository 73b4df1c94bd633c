import * as v from "valibot";
import { JobSummary } from "./job.ts";

/**
 * What happens to a user's jobs, on all of their devices. `ready` comes first on a feed that does not resume:
 * its id is where to resume from, should nothing else have come before a break.
 */
export const FeedEvent = v.variant("t", [
  v.object({ t: v.literal("ready") }),
  v.object({ t: v.literal("job"), job: JobSummary }),
]);
export type FeedEvent = v.InferOutput<typeof FeedEvent>;
