import { expect, test } from "bun:test";
import { until } from "../../test/until.ts";
import type { AgentReport } from "../contract/presence.ts";
import type { Link } from "./link/link.ts";
import { openReporter } from "./reporter.ts";

/** Longer than changes are gathered. */
const LOOKING_MS = 300;

/** A reporter whose model server takes a while to answer, and what it reports. */
function opened() {
  const reports: AgentReport[] = [];
  const report = { mutate: (told: AgentReport) => Promise.resolve(void reports.push(told)) };
  const link = { gateway: { report }, requestSignal: () => new AbortController().signal } as unknown as Link;
  const looked = Promise.withResolvers<void>();
  let modelReady = false;
  let running = 0;
  const reporter = openReporter({
    link: () => link,
    report: () => ({ slots: 1, running, waiting: 0, modelReady }),
    ready: looked.promise,
  });
  return {
    reports,
    reporter,
    runs(count: number) {
      running = count;
      reporter.changed();
    },
    answers() {
      modelReady = true;
      looked.resolve();
    },
  };
}

test("a model server that was not asked yet is not reported to be away", async () => {
  const { reports, reporter, answers } = opened();
  reporter.changed();
  await Bun.sleep(LOOKING_MS);
  answers();
  await until("a report", () => reports.length > 0);
  expect(reports[0]?.modelReady).toBe(true);
  await reporter.stop();
});

test("changes that come together are one report, of how it is then", async () => {
  const { reports, reporter, runs, answers } = opened();
  answers();
  for (const count of [1, 2, 3]) runs(count);
  await until("a report", () => reports.length > 0);
  runs(0);
  await until("the next", () => reports.length > 1);
  expect(reports.map(({ running }) => running)).toEqual([3, 0]);
  await reporter.stop();
});
