import { until } from "../test/system.ts";
import { type WatchedJob, watchJob } from "../test/watched-job.ts";
import { startModelSystem } from "./model-system.ts";
import type { Measurement } from "./row.ts";
import { median } from "./statistics.ts";

/** An answer outlasts the kill and the restart by far. */
const ANSWER_SECONDS = 3;
/** Its reader has seen so much when the gateway is killed. */
const DELTAS_BEFORE = 20;
/** What the dead gateway had sent has been read by then; a new one needs longer to start. */
const STILL_IN_SOCKET_MS = 50;

/** The gateway killed in mid-answer and started again: how long its reader waits for what comes next. */
export const measureGatewayKill: Measurement = async (settings, say) => {
  const { kills, "first-token-ms": firstTokenMs, "tokens-per-second": tokensPerSecond } = settings;
  const tokens = tokensPerSecond * ANSWER_SECONDS;
  const { system, stop } = await startModelSystem({ users: 4, tokens, tokensPerSecond, firstTokenMs });
  const client = system.client(await system.signIn("reader"));
  try {
    const waitsMs: number[] = [];
    const outagesMs: number[] = [];
    for (let kill = 1; kill <= kills; kill++) {
      const { jobId } = await client.api.chat.send.mutate({
        text: "讲个长故事",
        idempotencyKey: `kill-${kill}`,
      });
      const job = watchJob(client, jobId);
      await until("the answer is under way", () => job.events.length > DELTAS_BEFORE);
      await system.gateway().kill9();
      const killedAt = performance.now();
      const nextEventAt = nextEvent(job);
      await system.startGateway();
      const readyAt = performance.now();
      waitsMs.push(Math.max(0, (await nextEventAt) - readyAt));
      outagesMs.push((await nextEventAt) - killedAt);
      say(
        `kill ${kill}: next event ${waitsMs.at(-1)?.toFixed(0)} ms after ready, ${outagesMs.at(-1)?.toFixed(0)} ms after the kill`,
      );
      await job.completed;
      if (job.faults.length > 0) throw new Error(job.faults.join("; "));
    }
    return [
      {
        what: "gateway killed in mid-answer and restarted: until its reader's next new event",
        against: "–",
        seen: `${seconds(median(waitsMs))} s after it is ready, longest ${seconds(Math.max(...waitsMs))} s; ${seconds(median(outagesMs))} s after the kill; nothing lost or repeated in ${kills} answers`,
        figure: median(waitsMs) / 1000,
        unit: "s",
        better: "smaller",
        atLeast: 1,
        aim: 0.5,
      },
    ];
  } finally {
    await stop();
  }
};

/** When the reader gets an event from the new gateway. */
async function nextEvent(job: WatchedJob): Promise<number> {
  await Bun.sleep(STILL_IN_SOCKET_MS);
  const before = job.events.length;
  await until("the reader's next event", () => job.events.length > before);
  return performance.now();
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
