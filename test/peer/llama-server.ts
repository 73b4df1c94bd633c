/**
 * A real llama-server, LM Studio's engine, with a tiny model of random weights. The script that starts one is not part of
 * this project: CLAW_PEER_LLM names it, or it lies beside this checkout; without it the tests are skipped.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { freePort } from "../../dev/program.ts";

const script =
  process.env["CLAW_PEER_LLM"] ?? resolve(import.meta.dir, "../../../shared/peers/llm-server/start.sh");
export const present = existsSync(script);
if (!present) console.log(`skipped: no llama-server here (CLAW_PEER_LLM, ${script})`);

/** The first start downloads the server. */
export const FIRST_START_MS = 300_000;

export interface Peer {
  url: string;
  port: number;
  process: Bun.Subprocess;
  /** Requests being answered now, by the server's own account. */
  busySlots(): Promise<number>;
  stop(): Promise<void>;
}

/** @param port a free one when left out; the one of a server that is to come back */
export async function startPeer(slots: number, options: readonly string[], port = freePort()): Promise<Peer> {
  const child = Bun.spawn(["bash", script, ...options], {
    env: { ...process.env, PORT: String(port), SLOTS: String(slots), CTX: "4096", BUN: process.execPath },
    stdout: "ignore",
    stderr: "ignore",
  });
  const url = `http://127.0.0.1:${port}`;
  const peer: Peer = {
    url,
    port,
    process: child,
    busySlots: async () => {
      const all = (await (await fetch(`${url}/slots`, { keepalive: false })).json()) as {
        is_processing: boolean;
      }[];
      return all.filter(({ is_processing }) => is_processing).length;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
  await untilHealthy(peer);
  return peer;
}

async function untilHealthy({ url, process: child }: Peer): Promise<void> {
  for (let endMs = performance.now() + FIRST_START_MS; performance.now() < endMs; await Bun.sleep(50)) {
    if (child.exitCode !== null) throw new Error(`llama-server ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/health`, { keepalive: false }).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error("llama-server did not get ready");
}
