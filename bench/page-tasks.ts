import type { Page } from "playwright-core";

/** How long the tasks of a page's main thread were, in ms of the processor: what else the machine does is not in it. */
export interface PageTasks {
  readonly longestMs: number;
  readonly p99Ms: number;
  /** All of them, of the time that passed. */
  readonly busyShare: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Of the processor, in µs. Absent: it began before the trace, or did not end in it. */
  readonly tdur?: number;
}

/** Runs something, and tells of the tasks of each page meanwhile. All pages are of one browser. */
export async function tasksWhile(
  pages: Readonly<Record<string, Page>>,
  run: () => Promise<void>,
): Promise<Readonly<Record<string, PageTasks>>> {
  const [first] = Object.values(pages);
  const browser = first?.context().browser();
  if (!browser) throw new Error("no page of a browser");
  await browser.startTracing(undefined, {
    categories: ["disabled-by-default-devtools.timeline", "blink.user_timing"],
  });
  // By its mark one knows a page's thread.
  for (const [name, page] of Object.entries(pages))
    await page.evaluate(`performance.mark(${JSON.stringify(markOf(name))})`);
  const startMs = performance.now();
  await run();
  const passedMs = performance.now() - startMs;
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: readonly TraceEvent[];
  };
  return Object.fromEntries(Object.keys(pages).map((name) => [name, tasksOf(name, traceEvents, passedMs)]));
}

function tasksOf(name: string, events: readonly TraceEvent[], passedMs: number): PageTasks {
  const mark = events.find((event) => event.name === markOf(name));
  const lengths = events
    .filter((event) => event.name === "RunTask" && event.pid === mark?.pid && event.tid === mark.tid)
    .flatMap(({ tdur }) => (tdur === undefined ? [] : [tdur / 1000]))
    .toSorted((a, b) => a - b);
  const at = (share: number) => lengths[Math.floor((lengths.length - 1) * share)] ?? Number.NaN;
  const busyMs = lengths.reduce((a, b) => a + b, 0);
  return { longestMs: at(1), p99Ms: at(0.99), busyShare: busyMs / passedMs };
}

function markOf(name: string): string {
  return `page ${name}`;
}
