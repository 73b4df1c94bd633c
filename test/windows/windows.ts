import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Subprocess } from "bun";
import type { Program } from "../../dev/program.ts";
import { processPrngDll } from "./process-prng.ts";

/** A Windows of its own, under Wine: an empty drive C:, no services but Windows' own. */
export interface Windows {
  /** C:\ as this machine sees it. */
  readonly driveC: string;
  /** A file's path as Windows programs know it. */
  pathOf(file: string): string;
  /** Starts a program of Windows or ours; it ends with this Windows. `stop()` presses Ctrl+C. */
  start(command: readonly string[], options?: RunOptions): Program;
  /** Runs one to its end. @throws after `timeoutMs` */
  run(command: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Ends every process of this executable without a word. @throws when there is none */
  kill9(exe: string): void;
  /** Everything ends at once; then Windows starts again, with the services that start with it. */
  powerCut(): Promise<void>;
  /** Ends everything that runs on it, without a word, and removes it. */
  switchOff(): Promise<void>;
}

export interface RunOptions {
  env?: Readonly<Record<string, string>>;
  /** A folder as this machine sees it; otherwise C:\. */
  cwd?: string;
  timeoutMs?: number;
}

export interface Finished {
  readonly code: number;
  readonly output: string;
}

const RUN_TIMEOUT_MS = 60_000;
/** Debian's name for the loader of 64 bit programs; Wine needs it where there are only those. */
const LOADER = "/usr/lib/wine/wine64";

/** What a console shows when it is ready for a command, after the folder. */
const PROMPT = ">";

/** Makes one; takes 5 s. */
export async function startWindows(): Promise<Windows> {
  const dir = mkdtempSync(join(tmpdir(), "claw-windows-"));
  const prefix = join(dir, "prefix");
  const driveC = join(prefix, "drive_c");
  const env = {
    HOME: dir,
    PATH: process.env["PATH"] ?? "",
    // File names in UTF-8.
    LANG: "C.UTF-8",
    WINEPREFIX: prefix,
    WINEDEBUG: "-all",
    // No offer to download what our programs do not need.
    WINEDLLOVERRIDES: "mscoree,mshtml=",
    ...(existsSync(LOADER) ? { WINELOADER: LOADER } : {}),
  };

  let started = 0;
  const start: Windows["start"] = (command, options = {}) =>
    startWine(command, {
      env: { ...env, ...options.env },
      cwd: options.cwd ?? driveC,
      outputFile: join(dir, `output-${++started}`),
    });
  const run: Windows["run"] = async (command, options = {}) => {
    const { timeoutMs = RUN_TIMEOUT_MS } = options;
    const program = start(command, options);
    const code = await Promise.race([program.exited, Bun.sleep(timeoutMs)]);
    if (code !== undefined) return { code, output: program.output() };
    await program.kill9();
    throw new Error(`${command.join(" ")}: not within ${timeoutMs} ms\n${program.output()}`);
  };

  let session = await logOn(env);
  const killAll = async () => {
    await Bun.spawn(["wineserver", "--kill"], { env }).exited;
    await session.exited;
    await Bun.spawn(["wineserver", "--wait"], { env }).exited;
  };
  // Some versions of Wine take themselves for a Windows that our programs are not for.
  await run(["winecfg", "-v", "win10"]);
  const dll = join(driveC, "windows", "system32", "bcryptprimitives.dll");
  if (!existsSync(dll)) writeFileSync(dll, processPrngDll());
  return {
    driveC,
    start,
    run,
    pathOf: (file) => `C:\\${relative(driveC, file).replaceAll("/", "\\")}`,
    kill9(exe) {
      const pids = pidsOf(exe, prefix);
      if (pids.length === 0) throw new Error(`${exe} does not run`);
      for (const pid of pids) process.kill(pid, "SIGKILL");
    },
    async powerCut() {
      await killAll();
      session = await logOn(env);
    },
    async switchOff() {
      await killAll();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/**
 * Starts Windows, and makes it if there is none yet. Wine switches it off when the last program of its user has ended,
 * services or not: this one waits for a command until it is killed.
 */
async function logOn(env: Readonly<Record<string, string>>): Promise<Subprocess<"pipe">> {
  const session = Bun.spawn(["wine", "cmd"], { env, stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  const reader = session.stdout.getReader();
  let output = "";
  while (!output.includes(PROMPT)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Wine does not start: ${output}`);
    output += new TextDecoder().decode(value);
  }
  return session;
}

/** The Windows programs of other prefixes may have the same names. */
function pidsOf(exe: string, prefix: string): number[] {
  const read = (pid: string, file: string): string[] => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
    } catch {
      // It has ended meanwhile.
      return [];
    }
  };
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => read(pid, "cmdline")[0] === exe && read(pid, "environ").includes(`WINEPREFIX=${prefix}`))
    .map(Number);
}

/** Its output goes to a file: Wine's own processes would keep a pipe open after the program's end. */
function startWine(
  command: readonly string[],
  options: { env: Readonly<Record<string, string>>; cwd: string; outputFile: string },
): Program {
  const { env, cwd, outputFile } = options;
  const output = openSync(outputFile, "w");
  const child = Bun.spawn(["wine", ...command], {
    cwd,
    env,
    stdin: "ignore",
    stdout: output,
    stderr: output,
    // A Ctrl+C at the tests is not one at the program.
    detached: true,
  });
  closeSync(output);
  return {
    pid: child.pid,
    output: () => readFileSync(outputFile, "utf8"),
    exited: child.exited,
    async kill9() {
      child.kill("SIGKILL");
      await child.exited;
    },
    async stop() {
      child.kill("SIGINT");
      return await child.exited;
    },
  };
}
