import type { ReplyEvent } from "../src/contract/reply-event.ts";
import type { UserClient } from "./system.ts";
import { watchJob } from "./watched-job.ts";

export interface Asked {
  jobId: string;
  conversationId: string;
  events: ReplyEvent[];
  /** The event that ended the job. */
  end: ReplyEvent | undefined;
  /** The text as a client shows it. */
  text: string;
}

/** Asks a question and hears the answer to its end. @throws when an event was missing, repeated or out of order */
export async function ask(client: UserClient, text: string, conversationId?: string): Promise<Asked> {
  const sent = await client.api.chat.send.mutate({
    text,
    idempotencyKey: crypto.randomUUID(),
    ...(conversationId === undefined ? {} : { conversationId }),
  });
  const job = watchJob(client, sent.jobId);
  await job.completed;
  if (job.faults.length > 0) throw new Error(job.faults.join("; "));
  return { ...sent, events: job.events, end: job.end(), text: job.text() };
}
