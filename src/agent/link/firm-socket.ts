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
 * another CA if asked to, and tells of each socket what tRPC's client keeps to itself: whether the gateway accepted it,
 * and why not. When a gateway asks its clients to move, a new socket is accepted before the old one is lost.
 */
export function firmSocket(options: {
  ca: string | undefined;
  onRejected: (rejection: Rejection) => void;
  /** The gateway has let it in, and the client uses it. */
  onAccepted: () => void;
  /** One that was accepted has closed. */
  onLost: () => void;
  openTimeoutMs?: number;
  closeTimeoutMs?: number;
}): typeof WebSocket {
  const { ca, onRejected, onAccepted, onLost } = options;
  const { openTimeoutMs = OPEN_TIMEOUT_MS, closeTimeoutMs = CLOSE_TIMEOUT_MS } = options;
  // Bun's constructor takes options where the DOM's type knows only protocols.
  const tls = (ca === undefined ? {} : { tls: { ca } }) as WebSocketOptions & string[];
  return class FirmSocket extends WebSocket {
    constructor(url: string | URL) {
      super(url, tls);
      const timer = setTimeout(() => this.terminate(), openTimeoutMs);
      this.addEventListener("open", () => clearTimeout(timer), { once: true });
      this.addEventListener("close", () => clearTimeout(timer), { once: true });
      const hear = ({ data }: MessageEvent<unknown>) => {
        const verdict = readVerdict(data);
        if (verdict === undefined) return;
        this.removeEventListener("message", hear);
        if (verdict !== "accepted") return onRejected(verdict);
        this.addEventListener("close", onLost, { once: true });
        onAccepted();
      };
      this.addEventListener("message", hear);
    }

    override close(code?: number, reason?: string): void {
      super.close(code, reason);
      setTimeout(() => {
        if (this.readyState !== WebSocket.CLOSED) this.terminate();
      }, closeTimeoutMs).unref();
    }
  };
}

/** What a frame says of the connection itself: tRPC answers nothing with a result before it has accepted it. */
function readVerdict(data: unknown): "accepted" | Rejection | undefined {
  // Not "PING", nor what the gateway asks of its clients.
  if (typeof data !== "string" || !data.startsWith('{"id":')) return undefined;
  const { id, result, error } = JSON.parse(data) as Answer;
  if (result !== undefined) return "accepted";
  if (id !== null || !error) return undefined;
  return { reason: error.data?.reason, message: error.message ?? "" };
}

interface Answer {
  id: unknown;
  result?: unknown;
  error?: { message?: string; data?: { reason?: string } };
}
