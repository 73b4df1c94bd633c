import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Program, startCommand } from "../dev/program.ts";
import { startTestRedis } from "../dev/redis-for-tests.ts";
import { openSite, type Site } from "../test/executables/site.ts";
import { until } from "../test/until.ts";
import { sizeRows } from "./executable-size.ts";
import { residentBytes } from "./process-figures.ts";
import type { Measurement, Row } from "./row.ts";
import { median } from "./statistics.ts";

const MB = 1e6;
const READY_TIMEOUT_MS = 20_000;
/** A restart that nobody notices: far below WeCom's 5 s for a callback, and the agent's 250 ms to its next try. */
const START_MS = 60;
/** The same while redis-server is started and reads its data. */
const START_WITH_REDIS_MS = 400;
/** Servers that have little memory run it beside other things. */
const IDLE_MB = 70;

/** What `init`, WeCom's keys and, for `outside`, an external Redis make of the two executables. */
interface Sites {
  readonly own: Site;
  readonly outside: Site;
}

/** The compiled programs: their size, the time from their start until they are ready, and their memory when idle. */
export const measureExecutables: Measurement = async (settings, say) => {
  const dir = mkdtempSync(join(tmpdir(), "claw-bench-"));
  const redis = await startTestRedis();
  const sites: Sites = { own: await openSite(), outside: await openSite() };
  sites.outside.gateway.configure({ "redis.url": redis.url });
  try {
    const oneLine = await compileOneLine(dir);
    const sizes = await sizeRows(oneLine);
    for (const { seen, what } of sizes) say(`${what}: ${seen}`);
    const starts = await startRows({ sites, oneLine, count: settings.starts });
    for (const { seen, what } of starts) say(`${what}: ${seen}`);
    const memory = await memoryRows(sites, settings["idle-seconds"]);
    for (const { seen, what } of memory) say(`${what}: ${seen}`);
    return [...sizes, ...starts, ...memory];
  } finally {
    await Promise.all([sites.own.stop(), sites.outside.stop()]);
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

async function compileOneLine(dir: string): Promise<string> {
  const outfile = join(dir, "one-line-server");
  const entrypoints = [join(import.meta.dir, "one-line-server.ts")];
  const { success, logs } = await Bun.build({
    entrypoints,
    target: "bun",
    minify: true,
    bytecode: true,
    compile: { outfile },
  });
  if (!success) throw new Error(logs.map(String).join("\n"));
  return outfile;
}

async function startRows(options: { sites: Sites; oneLine: string; count: number }): Promise<Row[]> {
  const { sites, oneLine, count } = options;
  const times = { true: [] as number[], oneLine: [] as number[] };
  const ours = { gateway: [] as number[], agent: [] as number[], withRedis: [] as number[] };
  // One more, which unpacks Redis and brings everything into the page cache.
  for (let round = 0; round <= count; round++) {
    if (round === 1) for (const list of [...Object.values(times), ...Object.values(ours)]) list.length = 0;
    times.true.push(await timeOfTrue());
    times.oneLine.push(await timeOfOneLine(oneLine));
    const gateway = await started(() => sites.outside.gateway.start(), sites.outside.gatewayUrl);
    const agent = await started(() => sites.outside.agent.start(), sites.outside.adminUrl);
    await agent.program.stop();
    await gateway.program.stop();
    const withRedis = await started(() => sites.own.gateway.start(), sites.own.gatewayUrl);
    await withRedis.program.stop();
    ours.gateway.push(gateway.ms);
    ours.agent.push(agent.ms);
    ours.withRedis.push(withRedis.ms);
  }
  const beside = `one line of Bun ${spread(times.oneLine)}, /bin/true ${spread(times.true)}`;
  const row = (what: string, list: readonly number[], goalMs: number): Row => ({
    what: `start to ready: ${what}`,
    against: "a server of one line, as executable",
    seen: `${spread(list)}; ${beside}; ${count} starts by turns, from spawn to the first 200 of /readyz`,
    figure: median(list),
    unit: "ms",
    better: "smaller",
    atLeast: goalMs,
    aim: goalMs,
  });
  return [
    row("gateway, external Redis", ours.gateway, START_MS),
    row("agent, linked and with its model", ours.agent, START_MS),
    row("gateway with its own Redis", ours.withRedis, START_WITH_REDIS_MS),
  ];
}

function spread(timesMs: readonly number[]): string {
  return `${median(timesMs).toFixed(1)} ms (${Math.min(...timesMs).toFixed(1)} to ${Math.max(...timesMs).toFixed(1)})`;
}

async function timeOfTrue(): Promise<number> {
  const startedAt = performance.now();
  await Bun.spawn(["/bin/true"]).exited;
  return performance.now() - startedAt;
}

async function timeOfOneLine(oneLine: string): Promise<number> {
  const port = freePort();
  const start = () => startCommand([oneLine, String(port)], { env: {}, cwd: "/" });
  const { ms, program } = await started(start, `http://127.0.0.1:${port}`);
  await program.kill9();
  return ms;
}

/** Starts a program; resolves when it says that it is ready. */
async function started(start: () => Program, url: string): Promise<{ program: Program; ms: number }> {
  const startedAt = performance.now();
  const program = start();
  const answers200 = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(`${url} is ready`, answers200, READY_TIMEOUT_MS);
  return { program, ms: performance.now() - startedAt };
}

async function memoryRows({ own, outside }: Sites, idleSeconds: number): Promise<Row[]> {
  const programs: [string, Program][] = [
    ["gateway, external Redis", await outside.startGateway()],
    ["agent", await outside.startAgent()],
    ["gateway with its own Redis, which is not counted", await own.startGateway()],
  ];
  await Bun.sleep(idleSeconds * 1_000);
  return programs.map(([what, { pid }]): Row => {
    const figure = residentBytes(pid) / MB;
    return {
      what: `idle memory: ${what}`,
      against: "–",
      seen: `${figure.toFixed(1)} MB resident ${idleSeconds} s after it was ready`,
      figure,
      unit: "MB",
      better: "smaller",
      atLeast: IDLE_MB,
      aim: IDLE_MB,
    };
  });
}
