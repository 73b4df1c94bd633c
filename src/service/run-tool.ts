import { ExplainedError } from "../explained-error.ts";

export interface ToolResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs a program of the system to its end.
 *
 * @param options.path where to look for it; undefined: PATH
 * @throws ExplainedError when there is no such program, or it takes longer than `timeoutMs`
 */
export async function runTool(
  command: readonly [string, ...string[]],
  options: { signal: AbortSignal; timeoutMs: number; path?: string | undefined },
): Promise<ToolResult> {
  const [name, ...words] = command;
  const program = Bun.which(name, options.path === undefined ? {} : { PATH: options.path });
  if (program === null) throw new ExplainedError(`本机没有 ${name} 这个程序`);
  const child = Bun.spawn([program, ...words], {
    env: { ...process.env, ...(options.path !== undefined && { PATH: options.path }) },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    windowsHide: true,
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
    signal: options.signal,
  });
  const startedAt = performance.now();
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (options.signal.aborted) throw new ExplainedError("已取消");
  if (child.killed && performance.now() - startedAt >= options.timeoutMs)
    throw new ExplainedError(`${name} 在 ${options.timeoutMs / 1000} 秒内没有完成：${command.join(" ")}`);
  return { code, output, errors };
}

/** The same, for a deed that has to succeed. `deed` names it for the error, e.g. `创建用户 claw-agent`. */
export async function mustRunTool(
  deed: string,
  command: readonly [string, ...string[]],
  options: { signal: AbortSignal; timeoutMs: number; path?: string | undefined },
): Promise<string> {
  const { code, output, errors } = await runTool(command, options);
  if (code === 0) return output;
  const said = (errors.trim() || output.trim()).slice(0, 2_000);
  throw new ExplainedError(`${deed}失败（${command[0]} 退出码 ${code}）${said === "" ? "" : `：${said}`}`);
}
