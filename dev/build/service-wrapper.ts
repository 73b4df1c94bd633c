import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installTools } from "./debian-packages.ts";
import type { License } from "./license.ts";
import { runTool } from "./run-tool.ts";

const SOURCES = join(import.meta.dir, "../../src/service/windows");
const COMPILER = "x86_64-w64-mingw32-gcc";
const PACKAGE = "gcc-mingw-w64-x86-64";

/** No time stamp and no library of the compiler's own: the same source gives the same bytes and runs anywhere. */
const FLAGS = "-std=c11 -O2 -s -municode -static -Wl,--no-insert-timestamp -Wall -Wextra -Werror".split(" ");

/**
 * Compiles what stands between the Windows service manager and our programs, unless `cacheDir` has it already.
 *
 * @returns the path of the executable; undefined, after saying why, when it cannot be had
 */
export async function buildServiceWrapper(cacheDir: string): Promise<string | undefined> {
  const sources = readdirSync(SOURCES)
    .filter((name) => name.endsWith(".c"))
    .sort();
  const file = join(cacheDir, `claw-service-${hashOf(sources)}.exe`);
  if (existsSync(file)) return file;
  const partial = `${file}.${process.pid}`;
  try {
    mkdirSync(cacheDir, { recursive: true });
    await installTools({ [COMPILER]: PACKAGE });
    await runTool([COMPILER, ...FLAGS, ...sources, "-o", partial], { cwd: SOURCES });
    renameSync(partial, file);
    return file;
  } catch (error) {
    rmSync(partial, { force: true });
    console.error(`build: no service wrapper: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Of what the compiler puts into the wrapper beside our own code. */
export function wrapperLicense(): License {
  const file = join(import.meta.dir, "../../vendor/mingw-w64/copyright.txt");
  return { component: "mingw-w64 (in claw-service.exe)", text: readFileSync(file, "utf8") };
}

/** Of the sources, the header and the flags. */
function hashOf(sources: readonly string[]): string {
  const hash = createHash("sha256").update(FLAGS.join(" "));
  for (const name of [...sources, "wrapper.h"])
    hash.update(`${name}\0`).update(readFileSync(join(SOURCES, name)));
  return hash.digest("hex").slice(0, 12);
}
