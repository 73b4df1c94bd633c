import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Program, startCommand } from "../../dev/program.ts";
import { fillIn } from "../windows/toml.ts";
import { linuxExecutables, type ProgramName } from "./executables.ts";

/** One of our executables in a folder of its own, as an administrator has it. */
export interface Installed {
  readonly folder: string;
  readonly exe: string;
  run(args: readonly string[], env?: Env): Promise<Finished>;
  start(args?: readonly string[]): Program;
  /** Changes keys of its configuration. */
  configure(values: Readonly<Record<string, string | number>>): void;
  /** A file in its folder, as text. */
  read(file: string): string;
  /** The folder as a whole goes elsewhere. */
  moveTo(folder: string): void;
}

export type Env = Readonly<Record<string, string>>;

export interface Finished {
  readonly code: number;
  readonly output: string;
}

/** No PATH, no home: what an executable needs is inside it. */
const ENV: Env = { LANG: "C.UTF-8" };
const RUN_TIMEOUT_MS = 30_000;

/**
 * Puts the executable into a new folder.
 *
 * @param options.cwd where it is started
 * @param options.launcher what it is started with, such as `setpriv …`
 */
export async function install(
  name: ProgramName,
  options: { folder: string; cwd: string; launcher?: readonly string[] },
): Promise<Installed> {
  const { cwd, launcher = [] } = options;
  const executables = await linuxExecutables();
  let { folder } = options;
  const exe = () => join(folder, `claw-${name}`);
  const config = () => join(folder, `${name}.toml`);
  mkdirSync(folder, { recursive: true });
  place(executables[name], exe());
  const start = (args: readonly string[] = [], env: Env = {}) =>
    startCommand([...launcher, exe(), ...args], { cwd, env: { ...ENV, ...env } });
  return {
    get folder() {
      return folder;
    },
    get exe() {
      return exe();
    },
    start,
    run: (args, env) => finish(start(args, env), args),
    configure: (values) => writeFileSync(config(), fillIn(readFileSync(config(), "utf8"), values)),
    read: (file) => readFileSync(join(folder, file), "utf8"),
    moveTo(target) {
      mkdirSync(dirname(target), { recursive: true });
      renameSync(folder, target);
      folder = target;
    },
  };
}

/** Each has more than 100 MB: a second name will do where the disk is the same. */
function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  }
}

async function finish(program: Program, args: readonly string[]): Promise<Finished> {
  const code = await Promise.race([program.exited, Bun.sleep(RUN_TIMEOUT_MS)]);
  if (code !== undefined) return { code, output: program.output() };
  await program.kill9();
  throw new Error(`${args.join(" ")}: not within ${RUN_TIMEOUT_MS} ms\n${program.output()}`);
}
