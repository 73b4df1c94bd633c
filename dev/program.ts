import { join, resolve } from "node:path";

/** One of our programs as a process of its own. */
export interface Program {
  readonly pid: number;
  /** What it has printed so far. */
  output(): string;
  readonly exited: Promise<number>;
  /** Ends it without a word (SIGKILL). */
  kill9(): Promise<void>;
  /** Asks it to end (SIGTERM); resolves with its exit code. */
  stop(): Promise<number>;
}

const ROOT = resolve(import.meta.dir, "..");
const OUTPUT_KEPT_CHARS = 200_000;

/** Starts `src/<name>/main.ts`, or another entry, with these variables and none of our own settings from outside. */
export function startProgram(options: {
  entry: string;
  env: Readonly<Record<string, string>>;
  args?: readonly string[];
  cwd?: string;
  onOutput?: (text: string) => void;
}): Program {
  const { entry, env, args = [], cwd = ROOT, onOutput } = options;
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CLAW_")));
  const command = [process.execPath, join(ROOT, entry), ...args];
  return startCommand(command, { cwd, env: { ...clean, ...env }, onOutput });
}

/** Starts a command with these variables and no others. */
export function startCommand(
  command: readonly string[],
  options: {
    env: Readonly<Record<string, string | undefined>>;
    cwd: string;
    onOutput?: ((text: string) => void) | undefined;
  },
): Program {
  const { env, cwd, onOutput } = options;
  const child = Bun.spawn([...command], {
    cwd,
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    // A Ctrl+C is for whoever started it; what to do then is theirs to say.
    detached: true,
  });
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      output = (output + text).slice(-OUTPUT_KEPT_CHARS);
      onOutput?.(text);
    }
  };
  const collected = Promise.allSettled([collect(child.stdout), collect(child.stderr)]);
  const exited = child.exited.then(async (code) => {
    await collected;
    return code;
  });
  return {
    pid: child.pid,
    output: () => output,
    exited,
    async kill9() {
      child.kill("SIGKILL");
      await exited;
    },
    async stop() {
      child.kill("SIGTERM");
      return await exited;
    },
  };
}

/** Resolves once an address answers 200; rejects when the program ends or `timeoutMs` has passed. */
export async function untilReady(url: string, program: Program, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let ended = false;
  program.exited.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (performance.now() < deadline) {
    if (ended) break;
    const ready = await fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await Bun.sleep(10);
  }
  throw new Error(`${url} did not become ready:\n${program.output().slice(-4_000)}`);
}

/** A TCP port that was free a moment ago. */
export function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}
