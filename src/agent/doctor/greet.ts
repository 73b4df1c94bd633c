import { randomUUID } from "node:crypto";
import type { WebSocketOptions } from "bun";
import * as v from "valibot";
import type { LinkGreeting } from "../../contract/link-api.ts";

/**
 * What became of a greeting at the gateway's link:
 * - `accepted`
 * - `refused`: `reason` is one of the contract's (refusal.ts), undefined for an error of the gateway
 * - `no-socket`: it never became a WebSocket
 * - `silent`: it did, but nobody answered the greeting, or it was closed without a word
 */
export type GreetingOutcome =
  | { readonly t: "accepted" }
  | { readonly t: "refused"; readonly reason: string | undefined; readonly message: string }
  | { readonly t: "no-socket" }
  | { readonly t: "silent" };

/** tRPC's frames, as far as they say something of the connection. */
const Frame = v.object({
  id: v.nullable(v.union([v.number(), v.string()])),
  error: v.object({
    message: v.fallback(v.string(), ""),
    data: v.fallback(v.object({ reason: v.optional(v.string()) }), {}),
  }),
});

/**
 * Says who we are at the link and goes away again. The gateway answers nothing to a greeting that it accepts, so it is
 * asked for a procedure that does not exist: only one that it has let in is told so. The instance is a new one each
 * time, so that a running agent with the same id is never superseded: it is `agent-id-in-use` then.
 */
export async function greet(
  url: string,
  { ca, agentId, key }: { ca: string | undefined } & Pick<LinkGreeting, "agentId" | "key">,
  signal: AbortSignal,
): Promise<GreetingOutcome> {
  // Bun's constructor takes options where the DOM's type knows only protocols.
  const tls = (ca === undefined ? {} : { tls: { ca } }) as WebSocketOptions & string[];
  const outcome = Promise.withResolvers<GreetingOutcome>();
  const socket = new WebSocket(`${url}?connectionParams=1`, tls);
  let opened = false;
  const giveUp = () => outcome.resolve({ t: opened ? "silent" : "no-socket" });
  socket.addEventListener("open", () => {
    opened = true;
    const greeting: LinkGreeting = { agentId, key, instance: `doctor-${randomUUID()}` };
    socket.send(JSON.stringify({ method: "connectionParams", data: greeting }));
    socket.send(JSON.stringify({ id: 1, method: "query", params: { path: "doctor" } }));
  });
  socket.addEventListener("message", ({ data }) => {
    const frame = readFrame(data);
    if (frame) outcome.resolve(frame);
  });
  socket.addEventListener("error", giveUp);
  socket.addEventListener("close", giveUp);
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await outcome.promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
    // Without waiting for the other side, which may never say goodbye.
    if (opened) socket.close();
    else socket.terminate();
  }
}

function readFrame(data: unknown): GreetingOutcome | undefined {
  // Not "PING", nor what the gateway asks of its clients.
  if (typeof data !== "string" || !data.startsWith("{")) return undefined;
  const frame = v.safeParse(Frame, JSON.parse(data));
  if (!frame.success) return undefined;
  const { id, error } = frame.output;
  if (id !== null) return { t: "accepted" };
  return { t: "refused", reason: error.data.reason, message: error.message };
}
