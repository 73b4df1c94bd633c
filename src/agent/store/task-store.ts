import type { Database } from "bun:sqlite";
import { TRPCError } from "@trpc/server";
import type { TasksPort } from "../../contract/agent-api.ts";
import type { ReplyEvent } from "../../contract/reply-event.ts";
import { openPeople } from "./people.ts";
import { saidSoFar } from "./said-so-far.ts";

/** Prompts and results of one task fit into one message on the link; older attempts beyond it are left out. */
const MAX_ATTEMPTS_CHARS = 500_000;

interface AttemptRow {
  job_id: string;
  prompt: string;
  result: string;
  status: string;
}

/** What only the agent has of tasks. */
export function openTaskStore(db: Database): TasksPort {
  const { personOf } = openPeople(db);
  const ownerOf = db.query<{ user_id: string }, [string]>(
    "SELECT user_id FROM conversation WHERE id = ? AND kind = 'task'",
  );
  const newestFirst = db.query<AttemptRow, [string]>(
    `SELECT asked.job_id, asked.text AS prompt, answered.text AS result, answered.status
     FROM message AS asked
     JOIN message AS answered ON answered.job_id = asked.job_id AND answered.role = 'assistant'
     WHERE asked.conversation_id = ? AND asked.role = 'user'
     ORDER BY asked.number DESC`,
  );
  const eventsOf = db.query<{ events: string }, [string]>(
    "SELECT events FROM job_event WHERE job_id = ? ORDER BY first",
  );

  function underWay(jobId: string): string {
    return saidSoFar(eventsOf.all(jobId).flatMap(({ events }) => JSON.parse(events) as ReplyEvent[])).text;
  }

  return {
    attempts(userId, taskId) {
      if (ownerOf.get(taskId)?.user_id !== personOf(userId))
        throw new TRPCError({ code: "NOT_FOUND", message: "没有这个任务" });
      const attempts: { jobId: string; prompt: string; result: string }[] = [];
      let chars = 0;
      for (const { job_id, prompt, result: ended, status } of newestFirst.iterate(taskId)) {
        const result = status === "pending" ? underWay(job_id) : ended;
        chars += prompt.length + result.length;
        if (chars > MAX_ATTEMPTS_CHARS && attempts.length > 0) break;
        attempts.unshift({ jobId: job_id, prompt, result });
      }
      return attempts;
    },
  };
}
