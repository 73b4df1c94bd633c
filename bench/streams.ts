import { startModelSystem } from "./model-system.ts";
import type { Timing } from "./model-users.ts";
import type { Measurement } from "./row.ts";
import { median } from "./statistics.ts";

/** Tokens a second of many answers at once, each at a model's pace. */
export const measureStreams: Measurement = async (settings, say) => {
  const {
    streams,
    "stream-tokens": tokens,
    "stream-rounds": rounds,
    "first-token-ms": firstTokenMs,
    "tokens-per-second": tokensPerSecond,
  } = settings;
  const { users, stop } = await startModelSystem({ users: streams, tokens, tokensPerSecond, firstTokenMs });
  try {
    const ours: number[] = [];
    const direct: number[] = [];
    // The first round only warms up.
    for (let round = 0; round <= rounds; round++) {
      direct.push(rateOf(await users.ask("allDirect"), tokens));
      ours.push(rateOf(await users.ask("allThroughGateway"), tokens));
      say(
        `${streams} streams, round ${round}: ${ours.at(-1)?.toFixed(0)} of ${direct.at(-1)?.toFixed(0)} tokens/s`,
      );
    }
    const shares = ours.map((rate, round) => rate / (direct[round] ?? Number.NaN)).slice(1);
    return [
      {
        what: `${streams} concurrent streams, total tokens/s`,
        against: "calling the model server directly",
        seen: `${median(ours.slice(1)).toFixed(0)}/s of ${median(direct.slice(1)).toFixed(0)}/s; answers of ${tokens} tokens at ${tokensPerSecond}/s each, from the question to the end`,
        figure: median(shares),
        unit: "×",
        better: "larger",
        atLeast: 0.95,
        aim: 0.98,
      },
    ];
  } finally {
    await stop();
  }
};

/** Until the last of them has ended. */
function rateOf(timings: readonly Timing[], tokens: number): number {
  for (const { deltas } of timings)
    if (deltas !== tokens) throw new Error(`${deltas} of ${tokens} tokens came`);
  return (timings.length * tokens * 1000) / Math.max(...timings.map(({ totalMs }) => totalMs));
}
