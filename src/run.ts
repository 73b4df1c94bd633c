import { ConfigError } from "./config.ts";

/** The exit code for a wrong or missing configuration; a service manager should not restart after it. */
const EXIT_CONFIG = 2;

/**
 * Runs a program until it is told to stop: `serve` gets the signal that SIGINT or SIGTERM aborts, drains, and returns.
 * A second signal ends the process at once.
 */
export async function run(serve: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
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
