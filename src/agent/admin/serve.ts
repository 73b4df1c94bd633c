import { Hono } from "hono";
import { listen } from "../../listen.ts";

export interface Readiness {
  link: { up: boolean; reason?: string };
  model: { up: boolean; name?: string; reason?: string };
}

export interface AdminServer {
  port: number;
  close(): Promise<void>;
}

/** The agent's local address: `/healthz` (the process lives) and `/readyz` (200: link and model server are both up). */
export function serveAdmin(options: { host: string; port: number; readiness: () => Readiness }): AdminServer {
  const { host, readiness } = options;
  const app = new Hono()
    .get("/healthz", (c) => c.json({ ok: true }))
    .get("/readyz", (c) => {
      const state = readiness();
      const ready = state.link.up && state.model.up;
      return c.json({ ready, ...state }, ready ? 200 : 503);
    });
  const server = listen({ hostname: host, port: options.port, fetch: (request) => app.fetch(request) });
  return { port: server.port ?? options.port, close: () => server.stop(true) };
}
