import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildExecutable } from "../dev/build/executable.ts";
import { PROGRAMS, type ProgramName, type Target, TARGETS } from "../dev/build/targets.ts";
import type { Row } from "./row.ts";

const MB = 1e6;

/** All executables, built from this tree. */
export async function sizeRows(baseline: string): Promise<Row[]> {
  const bare = (statSync(baseline).size / MB).toFixed(1);
  const dir = mkdtempSync(join(tmpdir(), "claw-bench-"));
  try {
    const rows: Row[] = [];
    for (const target of TARGETS)
      for (const program of PROGRAMS) rows.push(await sizeRow({ program, target, dir, bare }));
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function sizeRow(options: {
  program: ProgramName;
  target: Target;
  dir: string;
  bare: string;
}): Promise<Row> {
  const { program, target, dir, bare } = options;
  const { path, bytes, redis } = await buildExecutable({ program, target, outDir: dir });
  const figure = bytes / MB;
  const without = redis && "missing" in redis ? ", without a Redis inside" : "";
  return {
    what: `size of ${basename(path)}`,
    against: "an executable of one line",
    seen: `${figure.toFixed(1)} MB${without}; one line for this machine's Linux has ${bare} MB, which is Bun itself`,
    figure,
    unit: "MB",
    better: "smaller",
  };
}
