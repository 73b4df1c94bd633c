import type { WebSocketOptions } from "bun";

/** Opening has no timeout of its own in Bun. */
const OPEN_TIMEOUT_MS = 5_000;
/** Bun waits about 35 s for a silent peer to answer a close. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Why the gateway turned a connection down: tRPC's error with `id: null`, sent before it closes. */
export interface Rejection {
  reason: string | undefined;
  message: string;
}

/**
 * A WebSocket class for tRPC's client that gives up on a frozen gateway or a dead NAT entry within seconds, trusts
 * another CA if asked to, and tells why it was turned down (which tRPC's client keeps to itself).
 */
export function firmSocket(options: {
  ca: string | undefined;
  onRejected: (rejection: Rejection) => void;
}): typeof WebSocket {
  const { ca, onRejected } = options;
  // Bun's constructor takes options where the DOM's type knows only protocols.
  const tls = (ca === undefined ? {} : { tls: { ca } }) as WebSocketOptions & string[];
  return class FirmSocket extends WebSocket {
    constructor(url: string | URL) {
      super(url, tls);
      const timer = setTimeout(() => this.terminate(), OPEN_TIMEOUT_MS);
      this.addEventListener("open", () => clearTimeout(timer), { once: true });
      this.addEventListener("close", () => clearTimeout(timer), { once: true });
      this.addEventListener("message", (event: MessageEvent<unknown>) => {
        const rejection = readRejection(event.data);
        if (rejection) onRejected(rejection);
      });
    }

    override close(code?: number, reason?: string): void {
      super.close(code, reason);
      setTimeout(() => {
        if (this.readyState !== WebSocket.CLOSED) this.terminate();
      }, CLOSE_TIMEOUT_MS).unref();
    }
  };
}

function readRejection(data: unknown): Rejection | undefined {
  // Cheap test first: every frame of the link passes here.
  if (typeof data !== "string" || !data.startsWith('{"id":null')) return undefined;
  const { error } = JSON.parse(data) as { error?: { message?: string; data?: { reason?: string } } };
  return error && { reason: error.data?.reason, message: error.message ?? "" };
}
