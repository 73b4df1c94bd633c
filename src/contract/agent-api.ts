import { initTRPC } from "@trpc/server";
import * as v from "valibot";
import { Conversation, ConversationTitle, HistoryPage, HistoryRequest } from "./conversation.ts";
import { ConversationId, JobId, TaskId, UserId } from "./identifiers.ts";

/** The agent's own procedures: the gateway calls them through the link, the admin page on the agent's machine. */
export interface ConversationsPort {
  /** Newest first. */
  list(userId: string): Conversation[];
  /** @throws NOT_FOUND for another user's conversation */
  history(userId: string, request: HistoryRequest): HistoryPage;
  /** @throws NOT_FOUND for another user's conversation */
  rename(userId: string, conversationId: string, title: string): void;
  /** Ends what still runs in it, and forgets it with all its messages. One that is gone already is no error. */
  delete(userId: string, conversationId: string): void;
}
/** What only the agent has of a task: an attempt's prompt and text. */
export const AttemptContent = v.object({
  jobId: JobId,
  prompt: v.string(),
  /** What there is of the result; empty before it begins. */
  result: v.string(),
});
export type AttemptContent = v.InferOutput<typeof AttemptContent>;

export interface TasksPort {
  /** The attempts, oldest first. @throws NOT_FOUND for another user's task */
  attempts(userId: string, taskId: string): AttemptContent[];
}
export interface AgentContext {
  readonly conversations: ConversationsPort;
  readonly tasks: TasksPort;
}

const t = initTRPC
  .context<AgentContext>()
  .create({ isServer: true, allowOutsideOfServer: true, isDev: false });

export const agentRouter = t.router({
  conversations: t.router({
    list: t.procedure
      .input(v.object({ userId: UserId }))
      .output(v.array(Conversation))
      .query(({ ctx, input }) => ctx.conversations.list(input.userId)),
    history: t.procedure
      .input(v.object({ userId: UserId, ...HistoryRequest.entries }))
      .output(HistoryPage)
      .query(({ ctx, input }) => ctx.conversations.history(input.userId, input)),
    rename: t.procedure
      .input(v.object({ userId: UserId, conversationId: ConversationId, title: ConversationTitle }))
      .mutation(({ ctx, input }) =>
        ctx.conversations.rename(input.userId, input.conversationId, input.title),
      ),
    delete: t.procedure
      .input(v.object({ userId: UserId, conversationId: ConversationId }))
      .mutation(({ ctx, input }) => ctx.conversations.delete(input.userId, input.conversationId)),
  }),
  tasks: t.router({
    attempts: t.procedure
      .input(v.object({ userId: UserId, taskId: TaskId }))
      .output(v.array(AttemptContent))
      .query(({ ctx, input }) => ctx.tasks.attempts(input.userId, input.taskId)),
  }),
});
export type AgentRouter = typeof agentRouter;
