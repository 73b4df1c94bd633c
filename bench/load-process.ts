import { join } from "node:path";

/** What a load process can be asked to do, by name: one plain value in, one out. */
type Command = (input: never) => Promise<unknown>;

interface Request {
  id: number;
  name: string;
  input: unknown;
}
interface Answer {
  id: number;
  output?: unknown;
  error?: string;
}

/** A process of ours that makes load, or is a baseline, so that it shares no event loop with what is measured. */
export interface LoadProcess<C> {
  readonly pid: number;
  ask<K extends keyof C & string>(name: K, ...input: InputOf<C[K]>): Promise<OutputOf<C[K]>>;
  stop(): Promise<void>;
}
type InputOf<F> = F extends (...input: infer I) => unknown ? I : never;
type OutputOf<F> = F extends (...input: never[]) => Promise<infer O> ? O : never;

/** An answer that does not come by then never will. */
const ANSWER_TIMEOUT_MS = 120_000;

/** Starts `bench/<file>`, which calls `answerCommands`. */
export function startLoad<C>(file: string): LoadProcess<C> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  const child = Bun.spawn([process.execPath, join(import.meta.dir, file)], {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    ipc({ id, output, error }: Answer) {
      if (error === undefined) waiting.get(id)?.resolve(output);
      else waiting.get(id)?.reject(new Error(`${file}: ${error}`));
      waiting.delete(id);
    },
    onExit() {
      for (const { reject } of waiting.values()) reject(new Error(`${file} ended`));
    },
  });
  return {
    pid: child.pid,
    async ask(name, ...[input]) {
      const answer = Promise.withResolvers<unknown>();
      const timer = setTimeout(
        () => answer.reject(new Error(`${file}: no answer to ${name}`)),
        ANSWER_TIMEOUT_MS,
      );
      waiting.set(++lastId, answer);
      child.send({ id: lastId, name, input } satisfies Request);
      try {
        return (await answer.promise) as never;
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The other end: does what the parent asks, and ends with it. */
export function answerCommands(commands: Readonly<Record<string, Command>>): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", ({ id, name, input }: Request) => {
    const command = commands[name] as ((input: unknown) => Promise<unknown>) | undefined;
    const reply = (answer: Omit<Answer, "id">) => process.send?.({ id, ...answer });
    Promise.resolve(input)
      .then(command ?? (() => Promise.reject(new Error(`no command ${name}`))))
      .then(
        (output) => reply({ output }),
        (error: unknown) => reply({ error: Bun.inspect(error) }),
      );
  });
}
