import { pause } from "../backoff.ts";
import type { AgentReport } from "../contract/presence.ts";
import type { Link } from "./link/link.ts";
import { openBell } from "./bell.ts";

/** Changes within this time go in one report, which then does not get in the way of what has changed. */
const GATHER_MS = 100;
/** Now and then all is told again: a gateway's Redis may have lost the last report. */
const REPEAT_EVERY_MS = 30_000;

/** Keeps the gateway informed of what this agent can do and is doing. */
export interface Reporter {
  changed(): void;
  stop(): Promise<void>;
}

/** @param options.ready what is reported is known from then on */
export function openReporter(options: {
  link: () => Link;
  report: () => AgentReport;
  ready: Promise<void>;
}): Reporter {
  const { link, report, ready } = options;
  const stopping = new AbortController();
  const bell = openBell();
  const repeat = setInterval(() => bell.ring(), REPEAT_EVERY_MS);
  const loop = tell();

  async function tell(): Promise<void> {
    await ready;
    while (!stopping.signal.aborted) {
      await bell.wait(stopping.signal);
      await pause(GATHER_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        await link().gateway.report.mutate(report(), { signal: link().requestSignal() });
      } catch {
        // Told again when the link is back.
      }
    }
  }

  return {
    changed: () => bell.ring(),
    async stop() {
      clearInterval(repeat);
      stopping.abort();
      await loop;
    },
  };
}
