import { ConfigError } from "./config.ts";

/** The exit code for a wrong or missing configuration; a service manager should not restart after it. */
const EXIT_CONFIG = 2;
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
    process.stderr.write(`${error instanceof ConfigError ? error.message : Bun.inspect(error)}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
  }
}
