import {
  type AnyTRPCRouter,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  isTrackedEnvelope,
  TRPCError,
} from "@trpc/server";
import { getErrorShape } from "@trpc/server/shared";
import type { ServerWebSocket } from "bun";
import * as v from "valibot";

/** Subscriptions of one socket: a client has a feed and an answer or two. */
const MAX_SUBSCRIPTIONS = 64;
/** What a client that is asked to reconnect gets to move its subscriptions to a new socket. */
const MOVE_ON_MS = 2_000;

/** Asks tRPC's client to open a new socket and to move its subscriptions there. */
export const RECONNECT = JSON.stringify({ id: null, method: "reconnect" });

/** One side's sockets: what Bun.serve's WebSocket callbacks are handed on to. */
export interface TrpcSockets {
  open(socket: ServerWebSocket<SocketData>): void;
}

/** What a socket's messages and its end are given to. */
interface SocketHandler {
  received(message: string | Buffer): void;
  closed(): void;
}

export interface SocketData {
  side: TrpcSockets;
  /** Path and query of the upgrade request: a client that greets says `connectionParams=1` there. */
  url: string;
  handler: SocketHandler | undefined;
}

/** The caller's socket, as far as making its context is concerned. */
export interface Caller {
  isOpen(): boolean;
  close(): void;
  /** Tells every subscription why it ends, and closes the socket. */
  endWith(error: TRPCError): void;
  /** Asks the client to come back on a new socket, and closes this one soon. */
  moveOn(): void;
  /** Called once when it has closed. */
  onClose: (() => void) | undefined;
}

export interface SocketOptions {
  router: AnyTRPCRouter;
  /**
   * Who calls; `connectionParams` are what the client said when it connected. When it throws, the client is told with
   * `id: null`, and its socket closed.
   */
  createContext: (connectionParams: Readonly<Record<string, string>>, caller: Caller) => Promise<object>;
  onError: (problem: { error: TRPCError; path: string | undefined }) => void;
  /** Most calls in one message: what a client asks for in one turn, or all that has waited for it to come back. */
  maxBatch: number;
  /** Asks a silent client for a sign of life after `pingMs`, and gives it up after `pongWaitMs` more. */
  keepAlive?: { pingMs: number; pongWaitMs: number };
}

/** https://trpc.io/docs/server/subscriptions and @trpc/server's own handler: what a client sends. */
const Greeting = v.object({
  method: v.literal("connectionParams"),
  data: v.nullish(v.record(v.string(), v.string()), {}),
});
const Id = v.union([v.number(), v.string()]);
const Request = v.variant("method", [
  v.object({ id: Id, method: v.literal("subscription.stop") }),
  v.object({
    id: Id,
    method: v.picklist(["query", "mutation", "subscription"]),
    params: v.object({
      path: v.string(),
      input: v.optional(v.unknown()),
      lastEventId: v.optional(v.string()),
    }),
  }),
]);
type Request = v.InferOutput<typeof Request>;
const Batch = v.array(Request);
type Call = Exclude<Request, { method: "subscription.stop" }>;

/**
 * Serves a router on sockets in tRPC's WebSocket protocol. tRPC's own handler keeps some 15 KiB of closures for each idle
 * subscription, of which there are ten thousands, and takes longer for each message. Every subscription of ours ends with
 * its signal, which is what most of that handler is there for.
 */
export function trpcSockets(options: SocketOptions): TrpcSockets {
  return {
    open(socket) {
      socket.data.handler = new TrpcSocket(socket, options);
    },
  };
}

/** A class for the same reason: one object for each socket, and no closures. */
class TrpcSocket implements SocketHandler, Caller {
  readonly #socket: ServerWebSocket<SocketData>;
  readonly #options: SocketOptions;
  #context: Promise<object> | undefined;
  #subscriptions: Map<number | string, AbortController> | undefined;
  #heardAt = 0;
  #pinging: ReturnType<typeof setInterval> | undefined;
  onClose: (() => void) | undefined;

  constructor(socket: ServerWebSocket<SocketData>, options: SocketOptions) {
    this.#socket = socket;
    this.#options = options;
    if (options.keepAlive) this.#keepAlive(options.keepAlive);
    if (!socket.data.url.includes("connectionParams=1")) this.#greet({});
  }

  isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  close(): void {
    this.#socket.close();
  }

  endWith(error: TRPCError): void {
    for (const id of this.#subscriptions?.keys() ?? []) this.#fail(id, error);
    this.#socket.close();
  }

  moveOn(): void {
    this.#socket.send(RECONNECT);
    setTimeout(() => this.#socket.close(), MOVE_ON_MS).unref();
  }

  closed(): void {
    clearInterval(this.#pinging);
    for (const subscription of this.#subscriptions?.values() ?? []) subscription.abort();
    this.onClose?.();
  }

  #keepAlive({ pingMs, pongWaitMs }: NonNullable<SocketOptions["keepAlive"]>): void {
    this.#heardAt = performance.now();
    this.#pinging = setInterval(() => {
      const silentMs = performance.now() - this.#heardAt;
      if (silentMs > pingMs + pongWaitMs) this.#socket.terminate();
      else if (silentMs > pingMs / 2) this.#socket.send("PING");
    }, pingMs);
  }

  #greet(connectionParams: Readonly<Record<string, string>>): void {
    this.#context = this.#options.createContext(connectionParams, this);
    this.#context.catch((cause: unknown) => {
      this.#fail(null, cause);
      this.#socket.close();
    });
  }

  received(message: string | Buffer): void {
    if (this.#pinging !== undefined) this.#heardAt = performance.now();
    if (message === "PONG") return;
    if (message === "PING") {
      this.#socket.send("PONG");
      return;
    }
    try {
      this.#take(JSON.parse(String(message)));
    } catch (cause) {
      this.#fail(null, new TRPCError({ code: "PARSE_ERROR", message: "消息格式不正确", cause }));
      // Its client would wait for ever for an answer to what was in it.
      this.#socket.close();
    }
  }

  /** @throws for anything that is not tRPC's protocol */
  #take(message: unknown): void {
    if (!this.#context) {
      this.#greet(v.parse(Greeting, message).data ?? {});
      return;
    }
    const batch = v.parse(Batch, Array.isArray(message) ? message : [message]);
    if (batch.length > this.#options.maxBatch) throw new Error("too many calls in one message");
    for (const request of batch) {
      if (request.method === "subscription.stop") this.#subscriptions?.get(request.id)?.abort();
      else
        this.#answer(request).catch((cause: unknown) => this.#fail(request.id, cause, request.params.path));
    }
  }

  async #answer(call: Call): Promise<void> {
    const { id, method, params } = call;
    const { path, lastEventId } = params;
    const input =
      lastEventId === undefined ? params.input : { ...(params.input as object | undefined), lastEventId };
    const ending = new AbortController();
    if (method === "subscription") this.#register(id, ending);
    try {
      const ctx = await this.#context;
      const result: unknown = await callTRPCProcedure({
        router: this.#options.router,
        path,
        getRawInput: () => Promise.resolve(input),
        ctx,
        type: method,
        signal: ending.signal,
        batchIndex: 0,
      });
      if (method !== "subscription") this.#send({ id, result: { type: "data", data: result } });
      else await this.#stream(id, result as AsyncIterable<unknown>, ending.signal);
    } finally {
      if (method === "subscription") this.#subscriptions?.delete(id);
    }
  }

  #register(id: number | string, ending: AbortController): void {
    const subscriptions = (this.#subscriptions ??= new Map());
    if (subscriptions.has(id)) throw new TRPCError({ code: "BAD_REQUEST", message: "订阅编号重复" });
    if (subscriptions.size >= MAX_SUBSCRIPTIONS)
      throw new TRPCError({ code: "TOO_MANY_REQUESTS", message: "订阅太多了" });
    subscriptions.set(id, ending);
  }

  async #stream(id: number | string, events: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
    this.#send({ id, result: { type: "started" } });
    for await (const event of events) {
      if (signal.aborted) break;
      if (!isTrackedEnvelope(event)) this.#send({ id, result: { type: "data", data: event } });
      else {
        const [eventId, data] = event;
        this.#send({ id, result: { type: "data", id: eventId, data: { id: eventId, data } } });
      }
    }
    this.#send({ id, result: { type: "stopped" } });
  }

  #fail(id: number | string | null, cause: unknown, path?: string): void {
    const error = getTRPCErrorFromUnknown(cause);
    this.#options.onError({ error, path });
    const config = this.#options.router._def._config;
    this.#send({
      id,
      error: getErrorShape({ config, error, type: "unknown", path, input: undefined, ctx: undefined }),
    });
  }

  #send(response: object): void {
    if (!this.isOpen()) return;
    // 0: dropped, the reader is too slow. A hole must not be: it comes back and resumes.
    if (this.#socket.send(JSON.stringify(response)) === 0) this.#socket.terminate();
  }
}
