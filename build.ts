/**
 * Builds the executables into dist/, from one Linux machine for all targets: `npm run build -- [flags]`.
 * `--help` lists the flags.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildExecutable, type BuiltExecutable } from "./dev/build/executable.ts";
import { summary, writeChecksums } from "./dev/build/release.ts";
import { BuildError } from "./dev/build/run-tool.ts";
import { isProgram, isTarget, PROGRAMS, TARGETS } from "./dev/build/targets.ts";

const HELP = `npm run build -- [flags]
  --target TARGET        ${TARGETS.join(", ")}; may be given more than once; default: all
  --only PROGRAM         ${PROGRAMS.join(" or ")}; default: both
  --windows-redis PATH   a Redis for Windows (zip, folder or redis-server.exe); default: vendor/redis/windows-x64
  --out FOLDER           default: dist`;

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`build: ${error.message}`);
  process.exit(1);
}

async function main(): Promise<number> {
  const flags = readFlags();
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const built: BuiltExecutable[] = [];
  for (const target of flags.targets) {
    for (const program of flags.programs) {
      const startedAt = performance.now();
      const { outDir, windowsRedis } = flags;
      built.push(await buildExecutable({ program, target, outDir, windowsRedis, newestRedis: true }));
      console.error(`build: ${program} for ${target} in ${Math.round(performance.now() - startedAt)} ms`);
    }
  }
  const old = writeChecksums(flags.outDir, built);
  console.log(summary(built));
  if (old.length > 0) console.log(`not in SHA256SUMS, from an earlier build: ${old.join(", ")}`);
  return 0;
}

function readFlags() {
  const values = parseFlags();
  const { target: targets = [...TARGETS], only: programs = [...PROGRAMS] } = values;
  const wrong = [
    ...targets.filter((text) => !isTarget(text)),
    ...programs.filter((text) => !isProgram(text)),
  ];
  if (wrong.length > 0) throw new BuildError(`there is no ${wrong.join(", ")}\n${HELP}`);
  return {
    targets: targets.filter(isTarget),
    programs: programs.filter(isProgram),
    windowsRedis: values["windows-redis"],
    outDir: values.out ?? join(import.meta.dir, "dist"),
    help: values.help ?? false,
  };
}

function parseFlags() {
  try {
    const { values } = parseArgs({
      options: {
        target: { type: "string", multiple: true },
        only: { type: "string", multiple: true },
        "windows-redis": { type: "string" },
        out: { type: "string" },
        help: { type: "boolean" },
      },
    });
    return values;
  } catch (error) {
    throw new BuildError(`${error instanceof Error ? error.message : String(error)}\n${HELP}`);
  }
}
