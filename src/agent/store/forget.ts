import type { Database } from "bun:sqlite";

/** Takes what was said out of the database. Each is part of a transaction. */
export interface Forgetting {
  /**
   * A turn's question and answer, if it is the last of the conversation and has ended, or has been told to: it may take
   * its time to let go of the model server.
   */
  lastTurn(conversationId: string, jobId: string): void;
  /** All of a conversation. Has its jobs that have not ended be cancelled, and returns them. */
  conversation(conversationId: string): string[];
}

export function openForgetting(db: Database): Forgetting {
  const isReplaceable = db.query<{ id: string }, [string, string]>(
    `SELECT id FROM job WHERE id = ?1 AND (state <> 'waiting' OR cancelled = 1)
     AND id = (SELECT job_id FROM message WHERE conversation_id = ?2 ORDER BY number DESC LIMIT 1)`,
  );
  const jobsIn = db.query<{ job_id: string; status: string }, [string]>(
    "SELECT job_id, status FROM message WHERE conversation_id = ? AND role = 'assistant'",
  );
  const cancelJob = db.query("UPDATE job SET cancelled = 1 WHERE id = ?");
  // The job itself stays: by its id it is known again.
  const blankJob = db.query("UPDATE job SET body = json_set(body, '$.text', '') WHERE id = ?");
  const dropTurn = db.query("DELETE FROM message WHERE job_id = ?");
  const dropMessages = db.query("DELETE FROM message WHERE conversation_id = ?");
  const markDeleted = db.query("UPDATE conversation SET deleted = 1, title = '' WHERE id = ?");

  return {
    lastTurn(conversationId, jobId) {
      if (!isReplaceable.get(jobId, conversationId)) return;
      blankJob.run(jobId);
      dropTurn.run(jobId);
    },
    conversation(conversationId) {
      const jobs = jobsIn.all(conversationId);
      const open = jobs.flatMap(({ job_id, status }) => (status === "pending" ? [job_id] : []));
      for (const jobId of open) cancelJob.run(jobId);
      for (const { job_id } of jobs) blankJob.run(job_id);
      dropMessages.run(conversationId);
      markDeleted.run(conversationId);
      return open;
    },
  };
}
