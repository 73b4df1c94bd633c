/** A compiler run on a slow machine; a tool that asks a question or waits for a dead server must not wait for ever. */
const TIMEOUT_MS = 15 * 60_000;
const TAIL_LINES = 15;

/** Something a developer can put right; its message says what. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

/**
 * Runs a tool quietly and returns what it wrote to standard output.
 *
 * @throws BuildError with the tool's last lines when it fails
 */
export async function runTool(
  command: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<string> {
  const child = Bun.spawn([...command], {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code === 0) return output;
  const tail = `${output}\n${errors}`.trim().split("\n").slice(-TAIL_LINES).join("\n");
  throw new BuildError(`failed (${code}): ${command.slice(0, 3).join(" ")}\n${tail}`);
}
