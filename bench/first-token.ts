import { startModelSystem } from "./model-system.ts";
import { untilIdle } from "./process-figures.ts";
import type { Measurement } from "./row.ts";
import { median, percentile } from "./statistics.ts";

/** Enough to see that the answer goes on after its first token. */
const TOKENS = 3;
/** Answers at once, and how often, before anything is measured: servers that run for weeks have compiled their code. */
const WARM_UP_USERS = 16;
const WARM_UP_ROUNDS = 20;

/** What gateway and agent add to the wait for the first token: from sending the question to the first delta. */
export const measureFirstToken: Measurement = async (settings, say) => {
  const {
    "first-tokens": answers,
    "first-token-ms": firstTokenMs,
    "tokens-per-second": tokensPerSecond,
  } = settings;
  const { system, users, stop } = await startModelSystem({
    users: WARM_UP_USERS,
    tokens: TOKENS,
    tokensPerSecond,
    firstTokenMs,
  });
  try {
    for (let round = 0; round < WARM_UP_ROUNDS; round++) {
      await users.ask("allDirect");
      await users.ask("allThroughGateway");
    }
    await untilIdle(system.gateway().pid);
    const ours: number[] = [];
    const direct: number[] = [];
    for (let answer = 0; answer < answers; answer++) {
      direct.push((await users.ask("direct")).firstDeltaMs);
      ours.push((await users.ask("throughGateway")).firstDeltaMs);
    }
    const added = median(ours) - median(direct);
    const at = (share: number) =>
      `${percentile(ours, share).toFixed(1)} ms of ${percentile(direct, share).toFixed(1)} ms`;
    say(`first token: p50 ${at(0.5)}, p95 ${at(0.95)}`);
    return [
      {
        what: "added time to first token, through gateway and agent (p50)",
        against: "calling the model server directly",
        seen: `p50 ${at(0.5)}, p95 ${at(0.95)}; from chat.send to the first delta of job.events, on one socket, ${answers} answers by turns`,
        figure: added,
        unit: "ms",
        better: "smaller",
        atLeast: 3,
        aim: 1,
      },
    ];
  } finally {
    await stop();
  }
};
