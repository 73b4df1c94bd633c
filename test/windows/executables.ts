import { join } from "node:path";
import { buildExecutable, type BuiltExecutable } from "../../dev/build/executable.ts";
import { PROGRAMS, type ProgramName } from "../../dev/build/targets.ts";

export { PROGRAMS, type ProgramName };

const OUT_DIR = join(import.meta.dir, "..", "..", ".cache", "test-windows");

let built: Promise<Record<ProgramName, BuiltExecutable>> | undefined;

/** The Windows executables of this tree, built once for all tests of a run. */
export function windowsExecutables(): Promise<Record<ProgramName, BuiltExecutable>> {
  return (built ??= build());
}

async function build(): Promise<Record<ProgramName, BuiltExecutable>> {
  const one = (program: ProgramName) => buildExecutable({ program, target: "windows-x64", outDir: OUT_DIR });
  return { gateway: await one("gateway"), agent: await one("agent") };
}
