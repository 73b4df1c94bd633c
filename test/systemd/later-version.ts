import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyTree } from "../executables/copied-tree.ts";
import { PROGRAMS } from "../executables/executables.ts";

/** A change of a source file. */
interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The agent changes its database for good, and then it ends; the gateway serves, and never gets ready. */
const FAULTS: readonly Change[] = [
  {
    file: "src/agent/store/migrations.ts",
    from: "\n];",
    to: "\n  `CREATE TABLE made_later (x)`,\n];",
  },
  {
    file: "src/agent/store/database.ts",
    from: "  migrate(db);\n",
    to: '  migrate(db);\n  throw new Error("this version does not work");\n',
  },
  {
    file: "src/gateway/health.ts",
    from: '.get("/readyz", async (c) => {\n',
    to: '.get("/readyz", async (c) => {\n  if (c) return c.json({ ready: false, reason: "这个版本不会就绪" }, 503);\n',
  },
];

/** Builds both Linux executables of a later version that does not work, in `dir`. */
export async function buildLaterVersion(dir: string): Promise<void> {
  const tree = join(dir, "tree");
  copyTree(tree);
  for (const { file, from, to } of FAULTS) {
    const source = readFileSync(join(tree, file), "utf8");
    if (source.split(from).length !== 2) throw new Error(`"${from}" is not once in ${file}`);
    writeFileSync(join(tree, file), source.replace(from, to));
  }
  const script = `
    import { buildExecutable } from "./dev/build/executable.ts";
    for (const program of ${JSON.stringify(PROGRAMS)})
      await buildExecutable({ program, target: "linux-x64", outDir: ${JSON.stringify(dir)} });`;
  const child = Bun.spawn([process.execPath, "-e", script], { cwd: tree, stdin: "ignore", stderr: "pipe" });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`the later version was not built: ${errors}`);
}
