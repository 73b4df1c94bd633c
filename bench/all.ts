/**
 * `npm run bench`: measures the system against raw baselines of the same run, prints a table and writes it to
 * bench/results.md. `npm run bench -- executables` does the same for the compiled programs, whose figures go to
 * bench/results-executables.md. Exit code 1 only when something could not be measured. `--help` lists the sizes that can
 * be set.
 */
import { join } from "node:path";
import { measureCallbacks } from "./callbacks.ts";
import { measureDeltas } from "./deltas.ts";
import { measureExecutables } from "./executables.ts";
import { measureFirstToken } from "./first-token.ts";
import { measureGatewayKill } from "./gateway-kill.ts";
import { measureIdle } from "./idle.ts";
import { measureMiniProgram } from "./mini-program.ts";
import type { Measurement, Row } from "./row.ts";
import { readSettings, settingsHelp } from "./settings.ts";
import { measureStreams } from "./streams.ts";
import { measureTaskDrain } from "./task-drain.ts";
import { measureTaskList } from "./task-list.ts";
import { plainTable, resultsDocument } from "./table.ts";

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  deltas: measureDeltas,
  "first-token": measureFirstToken,
  streams: measureStreams,
  callbacks: measureCallbacks,
  "task-list": measureTaskList,
  "task-drain": measureTaskDrain,
  idle: measureIdle,
  kill: measureGatewayKill,
  "mini-program": measureMiniProgram,
  executables: measureExecutables,
};
/** Measured only when named: they are built first, and the rest is to end within three minutes. */
const APART = "executables";

const argv = process.argv.slice(2);
if (argv.includes("--help")) {
  console.log(`bun bench/all.ts [${Object.keys(MEASUREMENTS).join("] [")}] [flags]\n${settingsHelp()}`);
  process.exit(0);
}
const settings = readSettings(argv);
const unknown = settings.only.filter((name) => !(name in MEASUREMENTS));
if (unknown.length > 0) throw new Error(`no measurement ${unknown.join(", ")}`);

const beganAt = performance.now();
const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1000;
const rows: Row[] = [];
const failures: string[] = [];
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (settings.only.length > 0 ? !settings.only.includes(name) : name === APART) continue;
  const say = (line: string) => console.log(`[${name}] ${line}`);
  const startedAt = performance.now();
  try {
    rows.push(...(await measure(settings, say)));
  } catch (error) {
    failures.push(name);
    say(`not measured: ${Bun.inspect(error)}`);
  }
  say(`took ${secondsSince(startedAt).toFixed(1)} s`);
}

console.log(`\n${plainTable(rows)}`);
// A part of a table would look like all of it.
const whole = { "": "results.md", [APART]: "results-executables.md" }[settings.only.join()];
if (whole !== undefined && failures.length === 0) {
  const by = ["npm run bench", ...settings.only].join(" -- ");
  const made = { by, at: new Date(), seconds: secondsSince(beganAt) };
  await Bun.write(join(import.meta.dir, whole), resultsDocument(rows, made));
}
if (failures.length > 0) console.log(`\nnot measured: ${failures.join(", ")}`);
process.exit(failures.length > 0 ? 1 : 0);
