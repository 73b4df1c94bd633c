import { pause } from "../src/backoff.ts";
import { DONE, type Encoder, type Token, type Usage } from "./lm-studio-answer.ts";
import type { Fault } from "./lm-studio-fault.ts";

/** Everything that is decided before the first token. */
export interface Plan {
  tokens: readonly Token[];
  finish: "stop" | "length";
  /** Sent in the stream only if it was asked for. */
  usage: Usage;
  includeUsage: boolean;
}

type StreamFault = Exclude<Fault, { t: "status" | "silent" }>;

/** Of Bun's direct stream, what is needed here: a write that needs no copy, and sending what was written. */
interface Sink {
  write(bytes: Uint8Array | string): void;
  flush(): unknown;
}

interface Streaming {
  plan: Plan;
  fault: StreamFault | undefined;
  encoder: Encoder;
  tokensPerSecond: number;
  beforeToken: ((said: string) => Promise<void>) | undefined;
}

/** Bun sends status and headers with the first bytes only, as llama-server does. */
export function streamResponse(options: Streaming, signal: AbortSignal, free: () => void): Response {
  const body = new ReadableStream<Uint8Array>({
    type: "direct",
    async pull(sink) {
      try {
        await speak(options, sink, signal);
      } finally {
        // The slot is free before the client can see the end.
        free();
      }
      sink.close();
    },
    cancel: free,
  });
  const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
  return new Response(body, { headers });
}

async function speak(
  { plan, fault, encoder, tokensPerSecond, beforeToken }: Streaming,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  // Thrown into the stream, an error breaks the connection off.
  if (fault?.t === "reset") throw new Error("reset");
  if (fault?.t === "raw") return sendRaw(fault.pieces, sink, signal);
  if (fault?.t === "empty") return send(sink, DONE);

  send(sink, encoder.role());
  const spoken = fault && "afterTokens" in fault ? plan.tokens.slice(0, fault.afterTokens) : plan.tokens;
  await sendTokens(spoken, { encoder, tokensPerSecond, beforeToken, sink, signal });
  if (signal.aborted) return;
  if (fault && "afterTokens" in fault) return breakOff(fault, sink, signal);

  if (!(fault?.t === "no-done" && !fault.finish)) send(sink, encoder.finish(plan.finish));
  if (plan.includeUsage) send(sink, encoder.usage(plan.usage));
  if (fault?.t !== "no-done") send(sink, DONE);
}

function send(sink: Sink, bytes: Uint8Array | string): void {
  sink.write(bytes);
  sink.flush();
}

async function sendRaw(
  pieces: readonly (string | Uint8Array)[],
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  for (const piece of pieces) {
    if (signal.aborted) return;
    send(sink, piece);
    // Or the pieces would meet again in one packet.
    await Bun.sleep(1);
  }
}

/** Without a pace, other requests still get their turn this often. */
const BURST_TOKENS = 32;

async function sendTokens(
  tokens: readonly Token[],
  to: Pick<Streaming, "encoder" | "tokensPerSecond" | "beforeToken"> & { sink: Sink; signal: AbortSignal },
): Promise<void> {
  const { encoder, tokensPerSecond, beforeToken, sink, signal } = to;
  const startMs = performance.now();
  let said = "";
  for (const [sent, token] of tokens.entries()) {
    if (tokensPerSecond > 0) {
      const dueMs = startMs + (sent * 1000) / tokensPerSecond - performance.now();
      if (dueMs > 0) await pause(dueMs, signal);
    } else if (sent % BURST_TOKENS === 0) {
      await new Promise(setImmediate);
    }
    if (beforeToken) await beforeToken(said);
    if (signal.aborted) return;
    send(sink, encoder.token(token));
    said += token.text;
  }
}

/** By then, what was sent is most often where it should be. */
const MOSTLY_ARRIVED_MS = 5;

async function breakOff(
  fault: Extract<StreamFault, { afterTokens: number }>,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  if (fault.t === "error-event") {
    const data = JSON.stringify({ error: { message: fault.message }, message: fault.message });
    return send(sink, `${fault.named ? "event: error\n" : ""}data: ${data}\n\n`);
  }
  if (fault.t === "cut") {
    if (fault.inCharacter) {
      const half = new TextEncoder()
        .encode(`data: {"choices":[{"index":0,"delta":{"content":"智`)
        .slice(0, -2);
      send(sink, half);
    }
    await (fault.arrived?.() ?? Bun.sleep(MOSTLY_ARRIVED_MS));
    throw new Error("cut");
  }
  while (!signal.aborted) {
    await pause(fault.commentEveryMs ?? 60_000, signal);
    if (fault.commentEveryMs !== undefined && !signal.aborted) send(sink, ": keep-alive\n\n");
  }
}
