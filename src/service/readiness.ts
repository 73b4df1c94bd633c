import * as v from "valibot";

/** The programs answer within 2 s, whatever ails them: see src/gateway/health.ts. */
const ANSWER_TIMEOUT_MS = 3_000;

/** Where a program listens for questions about its health. */
export interface HealthAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface Readiness {
  readonly url: string;
  /** `silent`: nobody answers there; `foreign`: somebody does, but no program of ours. */
  readonly answer: "ready" | "not-ready" | "silent" | "foreign";
  /** With `not-ready`: why, in the program's own words. */
  readonly reasons: readonly string[];
}

/** What the programs say at /readyz, as far as people want to know. */
const Reason = v.optional(v.object({ reason: v.optional(v.string()) }));
const Body = v.object({ ready: v.boolean(), reason: v.optional(v.string()), link: Reason, model: Reason });

/** Asks a program on this machine whether it is ready. */
export async function askReadiness(address: HealthAddress, signal: AbortSignal): Promise<Readiness> {
  const url = readyUrl(address);
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      // Its certificate is for its public name, and we ask it by the address of this machine.
      tls: { rejectUnauthorized: false },
      redirect: "manual",
      proxy: "",
    });
    const body = v.safeParse(Body, await response.json().catch(() => undefined));
    if (!body.success) return { url, answer: "foreign", reasons: [] };
    return { url, answer: response.ok ? "ready" : "not-ready", reasons: reasonsOf(body.output) };
  } catch {
    return { url, answer: "silent", reasons: [] };
  }
}

function reasonsOf({ reason, link, model }: v.InferOutput<typeof Body>): string[] {
  return [reason, link?.reason, model?.reason].filter((text) => text !== undefined);
}

function readyUrl({ host, port, tls }: HealthAddress): string {
  return `${tls ? "https" : "http"}://${hostHere(host)}:${port}/readyz`;
}

/** A program that listens on all addresses is asked on this machine's own. */
function hostHere(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
