import { initTRPC, type TRPCError } from "@trpc/server";
import * as v from "valibot";
import { Conversation, HistoryPage, HistoryRequest } from "./conversation.ts";
import type { FeedEvent } from "./feed.ts";
import { ConversationId, EventId, IdempotencyKey, JobId } from "./identifiers.ts";
import { MessageText } from "./job.ts";
import { AgentPresence } from "./presence.ts";
import { reasonOf, refusal } from "./refusal.ts";
import type { ReplyEvent } from "./reply-event.ts";
import { signalOf, type Tracked, track } from "./tracked.ts";
import { User } from "./user.ts";

/** A chat message of a user. Without a conversation it begins a new one on the user's agent. */
export const ChatMessage = v.object({
  conversationId: v.optional(ConversationId),
  text: MessageText,
  idempotencyKey: IdempotencyKey,
});
export type ChatMessage = v.InferOutput<typeof ChatMessage>;

export const SignIn = v.object({ token: v.string(), user: User });
export type SignIn = v.InferOutput<typeof SignIn>;

export const SentMessage = v.object({ jobId: JobId, conversationId: ConversationId });
export type SentMessage = v.InferOutput<typeof SentMessage>;

export interface AuthPort {
  /** @throws refusal `sign-in-refused` (a bad code) or `sign-in-unavailable` (WeChat does not answer, or off) */
  miniprogramLogin(code: string): Promise<SignIn>;
}
export interface UsersPort {
  get(userId: string): Promise<User>;
}
export interface AgentsPort {
  list(userId: string): Promise<AgentPresence[]>;
}
export interface ChatPort {
  /** A conversation of another user makes the job fail with `not-found`: only the agent knows whose it is. */
  send(userId: string, message: ChatMessage): Promise<SentMessage>;
  /** @throws refusal `agent-offline` or `agent-timeout`: conversations live on the agent */
  conversations(userId: string, signal: AbortSignal | undefined): Promise<Conversation[]>;
  history(userId: string, request: HistoryRequest, signal: AbortSignal | undefined): Promise<HistoryPage>;
}
export interface JobsPort {
  /**
   * The events of a job, resumed after `lastEventId`. Event ids are `<number>-0`; a frame holds what was ready
   * and carries the id of its last event, so the first has number `id - frame.length + 1`. Ends after the terminal one.
   * @throws refusal `not-found` for another user's job
   */
  events(
    userId: string,
    jobId: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<Tracked<readonly ReplyEvent[]>>;
}
export interface FeedPort {
  events(
    userId: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<Tracked<FeedEvent>>;
}

export interface UserContext {
  /** Who calls; null before signing in. */
  readonly userId: string | null;
  readonly auth: AuthPort;
  readonly users: UsersPort;
  readonly agents: AgentsPort;
  readonly chat: ChatPort;
  readonly jobs: JobsPort;
  readonly feed: FeedPort;
}

/** What every error carries for the client beside tRPC's own fields. Of our own bugs it learns nothing. */
export function withReason<T extends { message: string; data: object }>({
  shape,
  error,
}: {
  shape: T;
  error: TRPCError;
}) {
  const message = error.code === "INTERNAL_SERVER_ERROR" ? "服务暂时出错，请稍后再试" : shape.message;
  return { ...shape, message, data: { ...shape.data, reason: reasonOf(error) } };
}

const t = initTRPC
  .context<UserContext>()
  .create({ isServer: true, allowOutsideOfServer: true, isDev: false, errorFormatter: withReason });

const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.userId === null) throw refusal("not-signed-in", "登录已失效，请重新登录");
  return next({ ctx: { userId: ctx.userId } });
});

export const userRouter = t.router({
  auth: t.router({
    miniprogramLogin: t.procedure
      .input(v.object({ code: v.pipe(v.string(), v.minLength(1), v.maxLength(512)) }))
      .output(SignIn)
      .mutation(({ ctx, input }) => ctx.auth.miniprogramLogin(input.code)),
  }),
  me: t.router({
    get: signedIn.output(User).query(({ ctx }) => ctx.users.get(ctx.userId)),
  }),
  agent: t.router({
    list: signedIn.output(v.array(AgentPresence)).query(({ ctx }) => ctx.agents.list(ctx.userId)),
  }),
  chat: t.router({
    send: signedIn
      .input(ChatMessage)
      .output(SentMessage)
      .mutation(({ ctx, input }) => ctx.chat.send(ctx.userId, input)),
    conversations: signedIn
      .output(v.array(Conversation))
      .query(({ ctx, signal }) => ctx.chat.conversations(ctx.userId, signal)),
    history: signedIn
      .input(HistoryRequest)
      .output(HistoryPage)
      .query(({ ctx, input, signal }) => ctx.chat.history(ctx.userId, input, signal)),
  }),
  job: t.router({
    events: signedIn
      .input(v.object({ jobId: JobId, lastEventId: v.optional(EventId) }))
      .subscription(({ ctx, input, signal }) =>
        track(ctx.jobs.events(ctx.userId, input.jobId, input.lastEventId, signalOf({ signal }))),
      ),
  }),
  feed: signedIn
    .input(v.optional(v.object({ lastEventId: v.optional(EventId) })))
    .subscription(({ ctx, input, signal }) =>
      track(ctx.feed.events(ctx.userId, input?.lastEventId, signalOf({ signal }))),
    ),
});
export type UserRouter = typeof userRouter;
