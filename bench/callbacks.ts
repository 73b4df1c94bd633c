import { CORP, startSystem, type System } from "../test/system.ts";
import type { CallbackLoad } from "./callback-load.ts";
import { type LoadProcess, startLoad } from "./load-process.ts";
import { untilIdle } from "./process-figures.ts";
import type { RawCallback } from "./raw-callback.ts";
import type { Measurement, Row } from "./row.ts";
import type { Settings } from "./settings.ts";
import { median, percentile } from "./statistics.ts";

type Load = LoadProcess<CallbackLoad>;

interface Parts {
  system: System;
  load: Load;
  rawUrl: string;
  settings: Settings;
  say: (line: string) => void;
}

/** Handling a round's messages, and telling their senders that nobody is there, goes on after the last answer. */
const HANDLED_WITHIN_MS = 60_000;
/** Servers that run for weeks have compiled their code. */
const WARM_UP_ROUNDS = 2;

/** WeCom callbacks: how many the gateway takes in, and how long one waits for its answer at a steady rate. */
export const measureCallbacks: Measurement = async (settings, say) => {
  // Without an agent: the messages wait in its queue, and each sender gets the notice that it is away.
  const system = await startSystem({ withoutAgent: true });
  const load: Load = startLoad("callback-load.ts");
  const raw = startLoad<RawCallback>("raw-callback.ts");
  try {
    const rawUrl = await raw.ask("serve", { ...CORP });
    return [
      await throughput({ system, load, rawUrl, settings, say }),
      await latency({ system, load, rawUrl, settings, say }),
    ];
  } finally {
    await Promise.all([load.stop(), raw.stop()]);
    await system.stop();
  }
};

async function throughput(parts: Parts): Promise<Row> {
  const { system, load, rawUrl, settings, say } = parts;
  const {
    rounds,
    callbacks: count,
    "callback-connections": connections,
    "callback-members": members,
  } = settings;
  const ours: number[] = [];
  const raw: number[] = [];
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
    await load.ask("prepare", { app: { ...CORP }, count, members });
    for (const [url, rates] of [
      [rawUrl, raw],
      [`${system.gatewayUrl}/wecom`, ours],
    ] as const) {
      const { seconds } = await load.ask("send", { url, connections, perSecond: 0 });
      rates.push(count / seconds);
    }
    say(`callbacks/s, round ${round}: ${ours.at(-1)?.toFixed(0)} of raw ${raw.at(-1)?.toFixed(0)}`);
    await untilIdle(system.gateway().pid, HANDLED_WITHIN_MS);
  }
  const shares = ours.map((rate, round) => rate / (raw[round] ?? Number.NaN)).slice(WARM_UP_ROUNDS);
  return {
    what: "WeCom callbacks/s, verified, deduped, durable",
    against: "raw Bun POST with sha1 and AES",
    seen: `${median(ours.slice(WARM_UP_ROUNDS)).toFixed(0)}/s of ${median(raw.slice(WARM_UP_ROUNDS)).toFixed(0)}/s; ${count} texts of ${members} members, ${connections} in flight, no agent; the gateway handles them meanwhile and tells the senders`,
    figure: median(shares),
    unit: "×",
    better: "larger",
    atLeast: 0.4,
    aim: 0.6,
  };
}

async function latency(parts: Parts): Promise<Row> {
  const { system, load, rawUrl, settings, say } = parts;
  const {
    rounds,
    "callback-rate": perSecond,
    "callback-seconds": seconds,
    "callback-connections": connections,
    "callback-members": members,
  } = settings;
  const ours: number[][] = [];
  const raw: number[][] = [];
  for (let round = 1; round <= rounds; round++) {
    await load.ask("prepare", { app: { ...CORP }, count: perSecond * seconds, members });
    for (const [url, latencies] of [
      [rawUrl, raw],
      [`${system.gatewayUrl}/wecom`, ours],
    ] as const) {
      latencies.push((await load.ask("send", { url, connections, perSecond })).latenciesMs);
    }
    const p99 = (latencies: number[][]) => percentile(latencies.at(-1) ?? [], 0.99).toFixed(1);
    say(`callbacks at ${perSecond}/s, round ${round}: p99 ${p99(ours)} ms; raw p99 ${p99(raw)} ms`);
    await untilIdle(system.gateway().pid, HANDLED_WITHIN_MS);
  }
  const at = (latencies: readonly number[][], share: number) =>
    median(latencies.map((round) => percentile(round, share)));
  const seen = (latencies: readonly number[][]) =>
    `p50 ${at(latencies, 0.5).toFixed(1)} ms, p99 ${at(latencies, 0.99).toFixed(1)} ms, longest ${at(latencies, 1).toFixed(1)} ms`;
  return {
    what: `callback p99 at ${perSecond}/s`,
    against: "–",
    seen: `${seen(ours)}; raw Bun POST beside it: ${seen(raw)}; ${rounds} rounds of ${seconds} s each, from the moment a callback was due`,
    figure: at(ours, 0.99),
    unit: "ms",
    better: "smaller",
    atLeast: 20,
    aim: 10,
  };
}
