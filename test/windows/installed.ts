import { cpSync, existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../dev/program.ts";
import { type ProgramName, windowsExecutables } from "./executables.ts";
import { fillIn } from "./toml.ts";
import type { Finished, RunOptions, Windows } from "./windows.ts";

/** One of our programs in a folder of its own on drive C:, as an administrator has it. */
export interface Installed {
  /** Its folder as this machine sees it. */
  readonly folder: string;
  /** The executable as Windows knows it. */
  readonly exe: string;
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  start(args?: readonly string[], options?: RunOptions): Program;
  /** Changes keys of its configuration. */
  configure(values: Readonly<Record<string, string | number>>): void;
  /** A file in its folder, as text; empty when there is none. */
  read(file: string): string;
}

/** What the programs must not read from where they are started. Each of these would break them, or show. */
const TRAPS: Readonly<Record<string, string>> = {
  ".env": "CLAW_SERVER_HOST=256.0.0.1\nCLAW_ADMIN_HOST=256.0.0.1\nCLAW_AGENTS=none\n",
  "bunfig.toml": `preload = ["./trap.ts"]\n`,
  "trap.ts": `console.log("the working directory's code has run");process.exit(99);\n`,
  "gateway.toml": "this is not toml\n",
  "agent.toml": "this is not toml\n",
  "package.json": "{ this is not json",
  "tsconfig.json": "{ this is not json",
};

/** Puts the executable into a new folder. It runs from another one, in which there is nothing that it may read. */
export async function install(windows: Windows, name: ProgramName, folderName: string): Promise<Installed> {
  const executables = await windowsExecutables();
  const folder = join(windows.driveC, folderName);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `claw-${name}.exe`);
  placeExecutable(executables[name].path, file);
  const exe = windows.pathOf(file);
  const cwd = trapFolder(windows);
  const config = join(folder, `${name}.toml`);
  return {
    folder,
    exe,
    run: (args, options) => windows.run([exe, ...args], { cwd, ...options }),
    start: (args = [], options) => windows.start([exe, ...args], { cwd, ...options }),
    configure: (values) => writeFileSync(config, fillIn(readFileSync(config, "utf8"), values)),
    read(path) {
      const whole = join(folder, path);
      return existsSync(whole) ? readFileSync(whole, "utf8") : "";
    },
  };
}

/** Each has more than 100 MB: a second name will do where the disk is the same. */
function placeExecutable(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to);
  }
}

function trapFolder(windows: Windows): string {
  const folder = join(windows.driveC, "traps");
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(TRAPS)) writeFileSync(join(folder, file), text);
  return folder;
}
