import { initTRPC } from "@trpc/server";
import * as v from "valibot";
import { AgentId, EventId, JobId } from "./identifiers.ts";
import type { Order } from "./job.ts";
import { AgentReport } from "./presence.ts";
import { ReplyEvent } from "./reply-event.ts";
import { signalOf, type Tracked, track } from "./tracked.ts";
import { withReason } from "./user-api.ts";

/** Most events in one push; bounds the size of a frame and of a stored batch. */
export const MAX_PUSH_EVENTS = 512;

/** What an agent says when it opens the link (`connectionParams`). */
export const LinkGreeting = v.object({
  agentId: AgentId,
  key: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  /** Made once with the agent's data: tells an agent that comes back from a second one with the same id. */
  instance: v.pipe(v.string(), v.regex(/^[\w-]{8,64}$/)),
});
export type LinkGreeting = v.InferOutput<typeof LinkGreeting>;

const EventNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/**
 * Events `from`, `from + 1`, … of a job, counted from 0. `writer` is the process that numbers them and the first number
 * it gave: an agent that lost its last moments (a power cut) would otherwise give numbers twice. Without it all pushes
 * count as one process'.
 */
export const Push = v.object({
  jobId: JobId,
  writer: v.optional(v.object({ id: v.pipe(v.string(), v.maxLength(64)), first: EventNumber })),
  from: EventNumber,
  events: v.pipe(v.array(ReplyEvent), v.minLength(1), v.maxLength(MAX_PUSH_EVENTS)),
});
export type Push = v.InferOutput<typeof Push>;

/**
 * - `next`: the number of the first event the gateway still needs; the agent sends on from there, even if it is lower
 *   than before (a gateway whose Redis lost its last moments)
 * - `closed`: the job has ended at the gateway; nothing more of it is wanted
 * - `ahead`: the gateway has events from `writer.first` on that another process wrote: number anew from `next`
 */
export const PushResult = v.object({
  next: EventNumber,
  closed: v.boolean(),
  ahead: v.optional(v.literal(true)),
});
export type PushResult = v.InferOutput<typeof PushResult>;

/** A call of one of the agent's own procedures, sent down the link. */
export const AgentCall = v.object({
  callId: v.string(),
  path: v.string(),
  type: v.picklist(["query", "mutation"]),
  input: v.optional(v.unknown()),
});
export type AgentCall = v.InferOutput<typeof AgentCall>;

/** The answer to an `AgentCall`; an error is tRPC's error shape. */
export const AgentAnswer = v.object({
  callId: v.string(),
  result: v.variant("ok", [
    v.object({ ok: v.literal(true), data: v.optional(v.unknown()) }),
    v.object({ ok: v.literal(false), code: v.string(), message: v.string() }),
  ]),
});
export type AgentAnswer = v.InferOutput<typeof AgentAnswer>;

/** One agent's open link. `epoch` rises with every link of that agent; an older one can no longer write. */
export interface LinkedAgent {
  readonly id: string;
  readonly epoch: number;
}

/**
 * - `tellCaughtUp`: the agent knows `CaughtUp`; one from before that takes everything for an order
 * - `early`: the agent wants a job also while the gateway is still writing it down, under the id of the order before it;
 *   the order itself follows, by whose id it is accepted
 */
export const OrdersFrom = v.object({
  lastEventId: v.optional(EventId),
  tellCaughtUp: v.optional(v.literal(true)),
  early: v.optional(v.literal(true)),
});
export type OrdersFrom = v.InferOutput<typeof OrdersFrom>;

/** Among the orders: all that waited when the subscription began have been told. Its id is the last one's. */
export interface CaughtUp {
  readonly t: "caught-up";
}

export interface LinkPort {
  /** What the agent is to do, each once (but for early ones) and in order, after `lastEventId`. Ends when a newer link takes over. */
  orders(
    agent: LinkedAgent,
    from: OrdersFrom | undefined,
    signal: AbortSignal,
  ): AsyncIterable<Tracked<Order | CaughtUp>>;
  /** The agent holds every order up to this id on its disk; the gateway lets go of them. */
  accept(agent: LinkedAgent, upTo: string): Promise<void>;
  /** Adds a job's events, each once and in order. @throws refusal `superseded` from an older link */
  push(agent: LinkedAgent, push: Push): Promise<PushResult>;
  report(agent: LinkedAgent, report: AgentReport): Promise<void>;
  calls(agent: LinkedAgent, signal: AbortSignal): AsyncGenerator<AgentCall, void>;
  answer(agent: LinkedAgent, answer: AgentAnswer): Promise<void>;
}
export interface LinkContext {
  readonly agent: LinkedAgent;
  readonly link: LinkPort;
}

const t = initTRPC
  .context<LinkContext>()
  .create({ isServer: true, allowOutsideOfServer: true, isDev: false, errorFormatter: withReason });

export const linkRouter = t.router({
  orders: t.procedure
    .input(v.optional(OrdersFrom))
    .subscription(({ ctx, input, signal }) => track(ctx.link.orders(ctx.agent, input, signalOf({ signal })))),
  accept: t.procedure
    .input(v.object({ upTo: EventId }))
    .mutation(({ ctx, input }) => ctx.link.accept(ctx.agent, input.upTo)),
  push: t.procedure
    .input(Push)
    .output(PushResult)
    .mutation(({ ctx, input }) => ctx.link.push(ctx.agent, input)),
  report: t.procedure.input(AgentReport).mutation(({ ctx, input }) => ctx.link.report(ctx.agent, input)),
  calls: t.procedure.subscription(({ ctx, signal }) => ctx.link.calls(ctx.agent, signalOf({ signal }))),
  answer: t.procedure.input(AgentAnswer).mutation(({ ctx, input }) => ctx.link.answer(ctx.agent, input)),
});
export type LinkRouter = typeof linkRouter;
