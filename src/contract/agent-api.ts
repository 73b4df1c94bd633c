import { initTRPC } from "@trpc/server";
import * as v from "valibot";
import { Conversation, HistoryPage, HistoryRequest } from "./conversation.ts";
import { UserId } from "./identifiers.ts";

/** The agent's own procedures: the gateway calls them through the link, the admin page on the agent's machine. */
export interface ConversationsPort {
  /** Newest first. */
  list(userId: string): Conversation[];
  /** @throws NOT_FOUND for another user's conversation */
  history(userId: string, request: HistoryRequest): HistoryPage;
}
export interface AgentContext {
  readonly conversations: ConversationsPort;
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
  }),
});
export type AgentRouter = typeof agentRouter;
