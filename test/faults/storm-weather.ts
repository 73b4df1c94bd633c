import { join } from "node:path";
import { readRunFile } from "../../src/gateway/redis/run-file.ts";
import type { Random } from "../random.ts";
import { type System, until } from "../system.ts";
import type { TcpProxy } from "../tcp-proxy.ts";
import { whole } from "./storm-script.ts";

export type Blow = "agent" | "gateway" | "redis" | "link" | "gateway and agent";
const BLOWS: readonly Blow[] = [
  "agent",
  "agent",
  "gateway",
  "gateway",
  "redis",
  "link",
  "link",
  "gateway and agent",
];
/** From the end of one blow to the next. */
const LULL_MS = { min: 100, max: 1_200 } as const;

/** Of each program, when it does not come back. */
const LINES_OF_LOG = 40;

/** One thing killed or cut, until everything is up again. */
export interface Disturbance {
  blow: Blow;
  from: number;
  to: number;
}

/** What happens to the programs of a storm, decided before it begins. */
export function forecast(random: Random): { afterMs: number; blow: Blow }[] {
  return Array.from({ length: whole(random, 2, 5) }, () => ({
    afterMs: random.between(LULL_MS.min, LULL_MS.max),
    blow: BLOWS[whole(random, 0, BLOWS.length)] ?? "agent",
  }));
}

export async function rage(
  weather: { system: System; proxy: TcpProxy },
  plan: ReturnType<typeof forecast>,
): Promise<Disturbance[]> {
  const disturbances: Disturbance[] = [];
  for (const { afterMs, blow } of plan) {
    await Bun.sleep(afterMs);
    const from = Date.now();
    await strike(weather, blow).catch((error: unknown) => {
      const printed = [weather.system.gateway(), weather.system.agent()].map((program) =>
        lastLines(program.output()),
      );
      throw new Error([`after ${blow} at ${clock(from)}`, ...printed].join("\n"), { cause: error });
    });
    disturbances.push({ blow, from, to: Date.now() });
  }
  return disturbances;
}

async function strike({ system, proxy }: { system: System; proxy: TcpProxy }, blow: Blow): Promise<void> {
  const links = proxy.connections();
  const redis = redisOf(system)?.pid;
  switch (blow) {
    case "agent":
      await system.agent().kill9();
      await system.startAgent();
      break;
    case "gateway":
      await system.gateway().kill9();
      await system.startGateway();
      break;
    case "redis":
      if (redis === undefined) throw new Error("no redis-server");
      process.kill(redis, "SIGKILL");
      await until("a new redis-server", () => ![undefined, redis].includes(redisOf(system)?.pid));
      break;
    case "link":
      proxy.cutCallers();
      break;
    case "gateway and agent":
      await Promise.all([system.gateway().kill9(), system.agent().kill9()]);
      await Promise.all([system.startGateway(), system.startAgent()]);
      break;
  }
  // A Redis that comes back asks all links to come again.
  await until("a new link", () => proxy.connections() > links);
  for (const url of [system.gatewayUrl, system.adminUrl]) {
    await until(
      `${url} to be up`,
      async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok ?? false,
    );
  }
}

function lastLines(output: string): string {
  return output.split("\n").slice(-LINES_OF_LOG).join("\n");
}

/** Seconds within the minute, as in a log. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(17, 23);
}

/** The gateway's own Redis. */
export function redisOf(system: System): ReturnType<typeof readRunFile> {
  return readRunFile(join(system.dir, "gateway", "redis"));
}

/** When it had been quiet for `lullMs` for the first time after `at`. */
export function calmAfter(disturbances: readonly Disturbance[], at: number, lullMs: number): number {
  let calm = at + lullMs;
  for (const { from, to } of disturbances) {
    if (from < calm && to > at) calm = Math.max(calm, to + lullMs);
  }
  return calm;
}
