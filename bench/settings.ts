import { parseArgs } from "node:util";

/** Name → default and meaning. A flag of the same name sets it: `bun bench/all.ts --rounds 3`. */
const NUMBERS = {
  rounds: [3, "rounds of each throughput, by turns with its baseline"],
  deltas: [200_000, "deltas a round"],
  "delta-jobs": [4, "answers streamed at once in the delta rows: LM Studio's own number of slots"],
  "delta-window": [8_192, "deltas sent and not yet seen by the user"],
  "first-tokens": [100, "answers waited for"],
  "first-token-ms": [5, "time the model server takes for its first token (ms)"],
  "tokens-per-second": [60, "tokens a second of one answer of the model server"],
  streams: [16, "answers streamed at once in the stream row"],
  "stream-tokens": [120, "tokens of one of those answers"],
  "stream-rounds": [2, "rounds of them"],
  callbacks: [3_000, "callbacks a round"],
  "callback-connections": [48, "callbacks in flight"],
  "callback-members": [
    2_000,
    "members who send them; with fewer, WeCom's limit per member delays notices into later rounds",
  ],
  "callback-rate": [500, "callbacks a second of the latency row"],
  "callback-seconds": [1, "how long a round of it lasts"],
  subscriptions: [10_000, "idle subscriptions, each on a socket of its own"],
  tasks: [100_000, "tasks of one user in the list row"],
  "task-lists": [400, "pages of a list asked for in a round"],
  "waiting-tasks": [1_000, "tasks queued while the agent is away"],
  "waiting-users": [20, "users whose they are"],
  kills: [3, "how often the gateway is killed"],
  "answer-chars": [20_000, "characters of each answer that the mini-program draws"],
  "answer-end-chars": [600, "of them, at the end, are measured while they stream"],
  "answer-rate": [100, "deltas a second of that end"],
  starts: [15, "starts of each executable"],
  "idle-seconds": [5, "time after which an executable's memory is looked at (s)"],
} as const satisfies Record<string, readonly [number, string]>;

type Name = keyof typeof NUMBERS;
export type Settings = Readonly<Record<Name, number>> & {
  /** Names of the measurements wanted; empty: all of them. */
  readonly only: readonly string[];
};

const entries = Object.entries(NUMBERS) as [Name, readonly [number, string]][];

/** @throws for an unknown flag or a value that is not a positive whole number; prints nothing */
export function readSettings(argv: readonly string[]): Settings {
  const flags = Object.fromEntries(entries.map(([name]) => [name, { type: "string" } as const]));
  const { values, positionals } = parseArgs({ args: [...argv], options: flags, allowPositionals: true });
  const numbers = entries.map(([name, [preset]]) => {
    const value = Number(values[name] ?? preset);
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: a whole number from 1`);
    return [name, value];
  });
  return { ...(Object.fromEntries(numbers) as Record<Name, number>), only: positionals };
}

export function settingsHelp(): string {
  return entries.map(([name, [preset, meaning]]) => `  --${name} ${preset}  ${meaning}`).join("\n");
}
