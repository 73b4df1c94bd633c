import type { LinkGreeting, Push, PushResult } from "../src/contract/link-api.ts";

/** A link that does only what a test tells it: it takes no orders by itself, and a closed one stays closed. */
export interface LinkClient {
  /** @throws LinkRefused, or Error("closed") */
  push(push: Push): Promise<PushResult>;
  /** Resolves when either side has closed it. */
  closed: Promise<void>;
  close(): Promise<void>;
}

/** The gateway's no; as `refused` (refused.ts) gives it for other calls. */
export class LinkRefused extends Error {
  readonly code: string;
  readonly reason: string | undefined;
  constructor({ message, data }: WireError) {
    super(message);
    this.code = data.code;
    this.reason = data.reason;
  }
}

interface WireError {
  message: string;
  data: { code: string; reason?: string };
}
interface WireAnswer {
  id: number | null;
  result?: { data?: unknown };
  error?: WireError;
}

/** Resolves once the gateway has accepted the greeting. @throws LinkRefused when it does not */
export async function openLinkClient(gatewayUrl: string, greeting: LinkGreeting): Promise<LinkClient> {
  const socket = new WebSocket(`${gatewayUrl.replace(/^http/, "ws")}/link?connectionParams=1`);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const closed = Promise.withResolvers<void>();
  let why: Error = new Error("closed");
  let calls = 0;

  socket.addEventListener("message", ({ data }) => {
    if (data === "PING") return socket.send("PONG");
    const { id, result, error } = JSON.parse(String(data)) as WireAnswer;
    if (id === null) {
      if (error) why = new LinkRefused(error);
      return;
    }
    if (error) waiting.get(id)?.reject(new LinkRefused(error));
    else waiting.get(id)?.resolve(result?.data);
    waiting.delete(id);
  });
  socket.addEventListener("close", () => {
    for (const { reject } of waiting.values()) reject(why);
    closed.resolve();
  });
  function call(path: string, input: unknown): Promise<unknown> {
    if (socket.readyState !== WebSocket.OPEN) return Promise.reject(why);
    const id = ++calls;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    socket.send(JSON.stringify({ id, method: "mutation", params: { path, input } }));
    return answer.promise;
  }

  await new Promise((resolve) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", resolve);
  });
  socket.send(JSON.stringify({ method: "connectionParams", data: greeting }));
  await call("report", { modelReady: true, slots: 1, running: 0, waiting: 0 });
  return {
    push: async (push) => (await call("push", push)) as PushResult,
    closed: closed.promise,
    async close() {
      socket.close();
      await closed.promise;
    },
  };
}
