let watched = false;

/**
 * Writes text and an end of line to the standard output. A reader that has gone, such as `head`, is no error: the
 * command goes on to its end, and cleans up, unheard.
 */
export function print(text: string): void {
  // Only now: to make process.stdout takes time, which a server's start has no use for.
  if (!watched) process.stdout.on("error", ignoreGoneReader);
  watched = true;
  process.stdout.write(`${text}\n`);
}

function ignoreGoneReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
