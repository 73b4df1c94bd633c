import type { JobStatus } from "../../contract/job.ts";
import type { CancelOutcome } from "../../contract/task.ts";

/** What users are told of a cancellation: where the job stood, or stands (see `JobStore.cancel`). */
export function asOutcome(status: JobStatus | "cancelling"): CancelOutcome {
  switch (status) {
    case "cancelled":
    case "done":
    case "failed":
      return status;
    case "queued":
    case "delivered":
    case "running":
    case "cancelling":
      return "cancelling";
  }
}
