import { ExplainedError } from "./explained-error.ts";

/** One Ctrl+C may come twice, from the terminal and from the program that started this one. */
const SAME_SIGNAL_MS = 500;

/** Ctrl+C, a service manager, a closed terminal; on Windows also Ctrl+Break. */
const STOP_SIGNALS: readonly NodeJS.Signals[] =
  process.platform === "win32"
    ? ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program to its end: `work` gets the signal that those signals abort, drains, and returns the exit code.
 * Told again, the process ends at once.
 */
export async function run(work: (signal: AbortSignal) => Promise<number>): Promise<never> {
  const stop = new AbortController();
  let toldAt = 0;
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      if (!stop.signal.aborted) toldAt = performance.now();
      else if (performance.now() - toldAt > SAME_SIGNAL_MS) process.exit(130);
      stop.abort();
    });
  }
  try {
    process.exit(await work(stop.signal));
  } catch (error) {
    const explained = error instanceof ExplainedError;
    process.stderr.write(`${explained ? error.message : Bun.inspect(error)}\n`);
    process.exit(explained ? error.exitCode : 1);
  }
}
