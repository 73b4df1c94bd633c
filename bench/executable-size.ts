import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { executableName, PROGRAMS, TARGETS } from "../dev/build/targets.ts";
import { linuxExecutables } from "../test/executables/executables.ts";
import type { Row } from "./row.ts";

const DIST = join(import.meta.dir, "..", "dist");
const MB = 1e6;

/** Those of this tree for this machine, and of the other targets those that lie in dist/. */
export async function sizeRows(baseline: string): Promise<Row[]> {
  const fresh = Object.values(await linuxExecutables());
  const built = TARGETS.flatMap((target) => PROGRAMS.map((program) => executableName(program, target)))
    .filter((name) => !fresh.some((file) => basename(file) === name))
    .map((name) => join(DIST, name))
    .filter((file) => existsSync(file));
  const bare = statSync(baseline).size / MB;
  return [...fresh, ...built].map((file): Row => {
    const figure = statSync(file).size / MB;
    return {
      what: `size of ${basename(file)}`,
      against: "an executable of one line",
      seen: `${figure.toFixed(1)} MB; one line for this machine's Linux has ${bare.toFixed(1)} MB, which is Bun itself`,
      figure,
      unit: "MB",
      better: "smaller",
    };
  });
}
