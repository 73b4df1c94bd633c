import { Hono } from "hono";
import type { Links } from "./link/links.ts";

/** A probe is answered by then, whatever Redis does. */
const PROBE_TIMEOUT_MS = 2_000;

/** What an administrator has to know of a channel. */
export interface ChannelHealth {
  /** What they must mend before messages get out; null: nothing. */
  problem(): Promise<object | null>;
  /** Messages that were given up. */
  deadLetters(): Promise<object>;
}

/**
 * `/healthz`: the process lives. `/readyz`: Redis answers; says how many agents are connected, what ails a channel, and how
 * many messages it has given up.
 */
export function healthRoutes(options: {
  redis: { ping(): Promise<unknown> };
  links: Pick<Links, "presence">;
  agentIds: readonly string[];
  channels: Readonly<Record<string, ChannelHealth>>;
  /** True while the gateway is going down: no new work, please. */
  draining: () => boolean;
}): Hono {
  const { redis, links, agentIds, channels, draining } = options;

  async function state() {
    const present = await Promise.all(agentIds.map((agentId) => links.presence(agentId)));
    const online = present.filter(({ online }) => online);
    return {
      ready: true,
      redis: "ok",
      agents: { connected: online.length, configured: agentIds.length, online: online.map(({ id }) => id) },
      channels: await ofEach(channels, (channel) => channel.problem()),
      deadLetters: await ofEach(channels, (channel) => channel.deadLetters()),
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

async function ofEach<T>(
  channels: Readonly<Record<string, ChannelHealth>>,
  ask: (channel: ChannelHealth) => Promise<T>,
): Promise<Record<string, T>> {
  const entries = Object.entries(channels).map(
    async ([name, channel]) => [name, await ask(channel)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
