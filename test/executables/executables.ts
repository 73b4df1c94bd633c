import { join } from "node:path";
import { buildExecutable } from "../../dev/build/executable.ts";
import { PROGRAMS, type ProgramName } from "../../dev/build/targets.ts";

export { PROGRAMS, type ProgramName };

const OUT_DIR = join(import.meta.dir, "..", "..", ".cache", "test-executables");

/** On a machine that has nothing in its cache yet, a compiler is installed and Redis compiled first. */
export const BUILD_TIMEOUT_MS = 15 * 60_000;

let built: Promise<Record<ProgramName, string>> | undefined;

/**
 * The Linux executables of this tree, built once for all tests of a run.
 *
 * @throws when the gateway would have no Redis inside
 */
export function linuxExecutables(): Promise<Record<ProgramName, string>> {
  return (built ??= build());
}

async function build(): Promise<Record<ProgramName, string>> {
  const one = async (program: ProgramName) => {
    const { path, redis } = await buildExecutable({ program, target: "linux-x64", outDir: OUT_DIR });
    if (redis && "missing" in redis) throw new Error(`no Redis inside: ${redis.missing}`);
    return path;
  };
  return { gateway: await one("gateway"), agent: await one("agent") };
}
