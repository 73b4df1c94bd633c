import { Hono } from "hono";
import type { Links } from "./link/links.ts";
import type { RedisClient } from "./redis/connect.ts";

/** A probe is answered by then, whatever Redis does. */
const PROBE_TIMEOUT_MS = 2_000;

/** `/healthz`: the process lives. `/readyz`: Redis answers; says how many agents are connected, and what ails a channel. */
export function healthRoutes(options: {
  redis: RedisClient;
  links: Links;
  agentIds: readonly string[];
  /** What an administrator must mend, by channel; null: all is well. */
  problems: () => Promise<Record<string, unknown>>;
  /** True while the gateway is going down: no new work, please. */
  draining: () => boolean;
}): Hono {
  const { redis, links, agentIds, problems, draining } = options;

  async function state() {
    const present = await Promise.all(agentIds.map((agentId) => links.presence(agentId)));
    const online = present.filter(({ online }) => online);
    return {
      ready: true,
      redis: "ok",
      agents: { connected: online.length, configured: agentIds.length, online: online.map(({ id }) => id) },
      channels: await problems(),
    };
  }

  return new Hono()
    .get("/healthz", (c) => c.json({ ok: true }))
    .get("/readyz", async (c) => {
      if (draining()) return c.json({ ready: false, redis: "ok", reason: "正在停止" }, 503);
      const late = AbortSignal.timeout(PROBE_TIMEOUT_MS);
      const timeout = new Promise<never>((_resolve, reject) => {
        late.addEventListener("abort", () => reject(new Error("timeout")), { once: true });
      });
      try {
        await Promise.race([redis.ping(), timeout]);
        return c.json(await Promise.race([state(), timeout]));
      } catch {
        return c.json({ ready: false, redis: "down", reason: "Redis 没有应答" }, 503);
      }
    });
}
