import { ExplainedError } from "./explained-error.ts";

/** One Ctrl+C may come twice, from the terminal and from the program that started this one. */
const SAME_SIGNAL_MS = 500;

/**
 * Runs a program until it is told to stop: `serve` gets the signal that SIGINT or SIGTERM aborts, drains, and returns.
 * Told again, the process ends at once.
 */
export async function run(serve: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const stop = new AbortController();
  let toldAt = 0;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) toldAt = performance.now();
      else if (performance.now() - toldAt > SAME_SIGNAL_MS) process.exit(130);
      stop.abort();
    });
  }
  try {
    await serve(stop.signal);
    process.exit(0);
  } catch (error) {
    const explained = error instanceof ExplainedError;
    process.stderr.write(`${explained ? error.message : Bun.inspect(error)}\n`);
    process.exit(explained ? error.exitCode : 1);
  }
}
