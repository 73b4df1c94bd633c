import { join } from "node:path";
import { AGENT, startSystem } from "../test/system.ts";
import type { DeltasAgent } from "./deltas-agent.ts";
import type { DeltasUser } from "./deltas-user.ts";
import { type LoadProcess, startLoad } from "./load-process.ts";
import { untilIdle } from "./process-figures.ts";
import type { RawRelay } from "./raw-relay.ts";
import type { Measurement } from "./row.ts";
import type { Settings } from "./settings.ts";
import { median } from "./statistics.ts";

/** The reader's progress is passed on to the sender this often in a window. */
const REPORTS_PER_WINDOW = 16;

type Parties = { agent: LoadProcess<DeltasAgent>; user: LoadProcess<DeltasUser> };

/** Deltas a second from the agent's outbox through gateway and Redis to a user, and on raw sockets. */
export const measureDeltas: Measurement = async (settings, say) => {
  const { rounds, deltas, "delta-jobs": jobs, "delta-window": window } = settings;
  const system = await startSystem({ withoutAgent: true });
  const relay = startLoad<RawRelay>("raw-relay.ts");
  const parties: Parties = { agent: startLoad("deltas-agent.ts"), user: startLoad("deltas-user.ts") };
  const { agent, user } = parties;
  try {
    const { gatewayUrl } = system;
    const token = await system.signIn("reader");
    const url = `${gatewayUrl.replace("http", "ws")}/link`;
    await agent.ask("linkTo", { url, agentId: AGENT.id, key: AGENT.key, dataDir: join(system.dir, "agent") });
    const rawUrl = await relay.ask("serve");
    await Promise.all([agent.ask("connectTo", rawUrl), user.ask("connectTo", rawUrl)]);

    const ours: number[] = [];
    const raw: number[] = [];
    // The first round of each only warms up.
    for (let round = 0; round <= rounds; round++) {
      raw.push(await rateOf(parties, settings, () => agent.ask("streamRaw", deltas)));
      const jobIds = await user.ask("ask", { gatewayUrl, token, jobs });
      ours.push(await rateOf(parties, settings, () => agent.ask("stream", { jobIds, count: deltas })));
      await untilIdle(system.gateway().pid);
      say(`deltas/s, round ${round}: ${whole(ours.at(-1))} of raw ${whole(raw.at(-1))}`);
    }
    const shares = ours.map((rate, round) => rate / (raw[round] ?? Number.NaN)).slice(1);
    return [
      {
        what: "deltas/s agent → gateway → user, through Redis",
        against: "the same relay on raw Bun WebSockets, no Redis",
        seen: `${whole(median(ours.slice(1)))}/s of ${whole(median(raw.slice(1)))}/s; ${jobs} answers at once, ${window} deltas outstanding; the agent's own job log, SQLite outbox, shipping and link, without a model`,
        figure: median(shares),
        unit: "×",
        better: "larger",
        atLeast: 0.35,
        aim: 0.5,
      },
    ];
  } finally {
    await Promise.all([agent.stop(), user.stop(), relay.stop()]);
    await system.stop();
  }
};

/** Lets the agent stream, and the user's progress open its window; from the first to the last delta. */
async function rateOf(parties: Parties, settings: Settings, stream: () => Promise<void>): Promise<number> {
  const { agent, user } = parties;
  const { deltas, "delta-window": window } = settings;
  await user.ask("beginRound");
  const streamed = stream();
  const startedAt = performance.now();
  await agent.ask("allow", window);
  const step = Math.ceil(window / REPORTS_PER_WINDOW);
  const allowing: Promise<void>[] = [];
  for (let seen = Math.min(step, deltas); ; seen = Math.min(seen + step, deltas)) {
    await user.ask("seen", seen);
    if (seen === deltas) break;
    allowing.push(agent.ask("allow", seen + window));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.all([streamed, ...allowing]);
  return deltas / seconds;
}

function whole(rate: number | undefined): string {
  return Math.round(rate ?? 0).toLocaleString("en");
}
