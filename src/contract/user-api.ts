import { initTRPC, type TRPCError } from "@trpc/server";
import * as v from "valibot";
import { Conversation, ConversationTitle, HistoryPage, HistoryRequest } from "./conversation.ts";
import type { FeedEvent } from "./feed.ts";
import { AgentId, ConversationId, DeviceId, EventId, IdempotencyKey, JobId, TaskId } from "./identifiers.ts";
import { MessageText } from "./job.ts";
import { AgentPresence } from "./presence.ts";
import { reasonOf, refusal } from "./refusal.ts";
import type { ReplyEvent } from "./reply-event.ts";
import { signalOf, type Tracked, track } from "./tracked.ts";
import { CancelOutcome, NewTask, Task, TaskDetail, TaskListRequest, TaskPage } from "./task.ts";
import { BindingCode, Device, Profile, User } from "./user.ts";

/** A chat message of a user. Without a conversation it begins a new one on the user's agent. */
export const ChatMessage = v.object({
  conversationId: v.optional(ConversationId),
  text: MessageText,
  /**
   * The turn that this one takes the place of (asked anew, or answered anew): it and its answer leave the conversation.
   * Only the last turn of a conversation can be replaced; of any other this is ignored.
   */
  replaces: v.optional(JobId),
  idempotencyKey: IdempotencyKey,
});
export type ChatMessage = v.InferOutput<typeof ChatMessage>;

export const SignInCode = v.object({
  /** From `wx.login`, or `wx.qy.login` inside WeCom; the two cannot stand in for each other. */
  code: v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
  /** What the device list shows, e.g. “iPhone 15”. */
  deviceName: v.optional(v.pipe(v.string(), v.maxLength(60))),
});
export type SignInCode = v.InferOutput<typeof SignInCode>;

export const SignIn = v.object({ token: v.string(), user: User });
export type SignIn = v.InferOutput<typeof SignIn>;

export const SentMessage = v.object({ jobId: JobId, conversationId: ConversationId });
export type SentMessage = v.InferOutput<typeof SentMessage>;

export interface AuthPort {
  /** @throws refusal `sign-in-refused` (a bad code) or `sign-in-unavailable` (WeChat does not answer, or off) */
  miniprogramLogin(code: string, deviceName: string | undefined): Promise<SignIn>;
  /** The same inside WeCom, which tells the member itself: their conversations in WeCom are theirs here, too. */
  wecomLogin(code: string, deviceName: string | undefined): Promise<SignIn>;
}
export interface UsersPort {
  get(userId: string): Promise<User>;
  /** @throws refusal `agent-unknown` */
  setAgent(userId: string, agentId: string): Promise<User>;
  setProfile(userId: string, profile: Profile): Promise<User>;
  /**
   * Makes the WeCom member who was given the code and this user one person; from then on this user's token means them.
   * @throws refusal `code-refused` (wrong, used or too old), `code-locked` (too many wrong ones: wait)
   */
  bind(userId: string, code: string): Promise<User>;
}
/** Where a user is signed in; `deviceId` is the one that asks. */
export interface DevicesPort {
  list(userId: string, deviceId: string): Promise<Device[]>;
  /**
   * Ends a sign-in at once, with its open sockets. From then on that device is refused as `device-removed`: it is not to
   * sign in again before its person asks for it. @throws refusal `not-found`
   */
  revoke(userId: string, deviceId: string): Promise<void>;
}
export interface TasksPort {
  /** @throws refusal `too-many-tasks`: the user has as many open ones as are allowed */
  create(userId: string, task: NewTask): Promise<Task>;
  list(userId: string, request: TaskListRequest): Promise<TaskPage>;
  /** @throws refusal `not-found` for another user's task, as all below */
  get(userId: string, taskId: string, signal: AbortSignal | undefined): Promise<TaskDetail>;
  cancel(userId: string, taskId: string): Promise<CancelOutcome>;
  /**
   * Begins one more attempt. Pressed twice, it is the same one: a task whose attempt has not ended gets no other.
   * @throws refusal `not-ended` for a task that was never ended, `too-many-tasks`
   */
  retry(userId: string, taskId: string): Promise<Task>;
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
  /** @throws refusal `not-found`, `agent-offline`, `agent-timeout` */
  rename(
    userId: string,
    conversationId: string,
    title: string,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** Ends what still runs in it. One that is gone already is no error. @throws refusal `agent-offline`, `agent-timeout` */
  delete(userId: string, conversationId: string, signal: AbortSignal | undefined): Promise<void>;
}
export interface JobsPort {
  /** Asks for the end of a turn. What was said until then stays. @throws refusal `not-found` for another user's job */
  cancel(userId: string, jobId: string): Promise<CancelOutcome>;
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

/** A user on one of their devices. */
export interface SignedIn {
  readonly userId: string;
  readonly deviceId: string;
}

export interface UserContext {
  /** Who calls; null before signing in; `removed` on a device that its owner has signed out. */
  readonly caller: SignedIn | "removed" | null;
  readonly auth: AuthPort;
  readonly users: UsersPort;
  readonly devices: DevicesPort;
  readonly tasks: TasksPort;
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

/** Why nobody is signed in. */
export function notSignedIn(caller: "removed" | null): TRPCError {
  if (caller === "removed") return refusal("device-removed", "这台设备已被移除，请重新登录");
  return refusal("not-signed-in", "登录已失效，请重新登录");
}

const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.caller === null || ctx.caller === "removed") throw notSignedIn(ctx.caller);
  return next({ ctx: ctx.caller });
});

export const userRouter = t.router({
  auth: t.router({
    miniprogramLogin: t.procedure
      .input(SignInCode)
      .output(SignIn)
      .mutation(({ ctx, input }) => ctx.auth.miniprogramLogin(input.code, input.deviceName)),
    wecomLogin: t.procedure
      .input(SignInCode)
      .output(SignIn)
      .mutation(({ ctx, input }) => ctx.auth.wecomLogin(input.code, input.deviceName)),
  }),
  me: t.router({
    get: signedIn.output(User).query(({ ctx }) => ctx.users.get(ctx.userId)),
    setAgent: signedIn
      .input(v.object({ agentId: AgentId }))
      .output(User)
      .mutation(({ ctx, input }) => ctx.users.setAgent(ctx.userId, input.agentId)),
    setProfile: signedIn
      .input(Profile)
      .output(User)
      .mutation(({ ctx, input }) => ctx.users.setProfile(ctx.userId, input)),
    bind: signedIn
      .input(v.object({ code: BindingCode }))
      .output(User)
      .mutation(({ ctx, input }) => ctx.users.bind(ctx.userId, input.code)),
    devices: signedIn.output(v.array(Device)).query(({ ctx }) => ctx.devices.list(ctx.userId, ctx.deviceId)),
    revokeDevice: signedIn
      .input(v.object({ id: DeviceId }))
      .mutation(({ ctx, input }) => ctx.devices.revoke(ctx.userId, input.id)),
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
    rename: signedIn
      .input(v.object({ conversationId: ConversationId, title: ConversationTitle }))
      .mutation(({ ctx, input, signal }) =>
        ctx.chat.rename(ctx.userId, input.conversationId, input.title, signal),
      ),
    delete: signedIn
      .input(v.object({ conversationId: ConversationId }))
      .mutation(({ ctx, input, signal }) => ctx.chat.delete(ctx.userId, input.conversationId, signal)),
  }),
  task: t.router({
    create: signedIn
      .input(NewTask)
      .output(Task)
      .mutation(({ ctx, input }) => ctx.tasks.create(ctx.userId, input)),
    list: signedIn
      .input(v.optional(TaskListRequest, {}))
      .output(TaskPage)
      .query(({ ctx, input }) => ctx.tasks.list(ctx.userId, input)),
    get: signedIn
      .input(v.object({ id: TaskId }))
      .output(TaskDetail)
      .query(({ ctx, input, signal }) => ctx.tasks.get(ctx.userId, input.id, signal)),
    cancel: signedIn
      .input(v.object({ id: TaskId }))
      .output(CancelOutcome)
      .mutation(({ ctx, input }) => ctx.tasks.cancel(ctx.userId, input.id)),
    retry: signedIn
      .input(v.object({ id: TaskId }))
      .output(Task)
      .mutation(({ ctx, input }) => ctx.tasks.retry(ctx.userId, input.id)),
  }),
  job: t.router({
    cancel: signedIn
      .input(v.object({ jobId: JobId }))
      .output(CancelOutcome)
      .mutation(({ ctx, input }) => ctx.jobs.cancel(ctx.userId, input.jobId)),
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
