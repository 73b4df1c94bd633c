import { TRPCClientError, type TRPCLink, type TRPCWebSocketClient } from "@trpc/client";
import type { AnyTRPCRouter } from "@trpc/server";
import { observable } from "@trpc/server/observable";

/** What the gateway answers to a mutation, in tRPC's protocol. */
interface Answer {
  id: string;
  result?: { data: unknown };
  error?: { message: string; code: number; data: object };
}
interface Waiting {
  answered(answer: Answer): void;
  lost(): void;
}

/** tRPC's client numbers its requests; these ids are never among them. */
const PREFIX = "x";

/**
 * Sends mutations on the open socket of tRPC's client at once. That client itself waits for a timer before it sends,
 * which takes a millisecond: as long as all the rest of a token's way. Without an open socket it hands on to the next link.
 */
export function expressLink<R extends AnyTRPCRouter>(client: TRPCWebSocketClient): TRPCLink<R> {
  const sockets = new WeakMap<WebSocket, Map<string, Waiting>>();
  let requests = 0;

  function waitingOn(socket: WebSocket): Map<string, Waiting> {
    const known = sockets.get(socket);
    if (known) return known;
    const waiting = new Map<string, Waiting>();
    sockets.set(socket, waiting);
    socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      // Cheap test first: every frame of the link passes here.
      if (typeof data !== "string" || !data.startsWith(`{"id":"${PREFIX}`)) return;
      const answer = JSON.parse(data) as Answer;
      waiting.get(answer.id)?.answered(answer);
    });
    socket.addEventListener("close", () => {
      for (const one of waiting.values()) one.lost();
    });
    return waiting;
  }

  return () =>
    ({ op, next }) => {
      const { connection } = client;
      const socket = connection?.state === "open" ? connection.ws : undefined;
      if (op.type !== "mutation" || !socket) return next(op);
      return observable((observer) => {
        const waiting = waitingOn(socket);
        const id = `${PREFIX}${++requests}`;
        const fail = (why: string) => observer.error(TRPCClientError.from(new Error(why)));
        const giveUp = () => fail("no answer in time");
        waiting.set(id, {
          answered({ result, error }) {
            if (error) observer.error(TRPCClientError.from({ error } as never));
            else observer.next({ result: { type: "data", data: result?.data } });
            observer.complete();
          },
          lost: () => fail("the socket has closed"),
        });
        op.signal?.addEventListener("abort", giveUp, { once: true });
        socket.send(JSON.stringify({ id, method: op.type, params: { path: op.path, input: op.input } }));
        return () => {
          waiting.delete(id);
          op.signal?.removeEventListener("abort", giveUp);
        };
      });
    };
}
