import type { LmStudioOptions } from "../../dev/lm-studio.ts";
import { serverError } from "../../dev/lm-studio-fault.ts";
import type { Random } from "../random.ts";

/** What a user does, one after the other for each task; the steps of their tasks, and of all users, interleave. */
export type Deed =
  | "cancel"
  | "cancel twice"
  | "retry"
  | "retry twice"
  | "cancel and retry"
  | "create again"
  | "await the end"
  | "reconnect"
  | "chat";
export interface Step {
  afterMs: number;
  deed: Deed;
}
export interface TaskScript {
  /** Names the task in its prompt, so that the model server's requests tell whose they are. */
  key: string;
  prompt: string;
  /** Only a cancellation ends it. */
  endless: boolean;
  startMs: number;
  steps: Step[];
}
/** One run: a user of their own, with some tasks. */
export interface Scenario {
  name: string;
  tasks: TaskScript[];
}

/** How often each deed is done, compared with the others. */
const WEIGHTS: Readonly<Record<Deed, number>> = {
  cancel: 20,
  "cancel twice": 10,
  retry: 20,
  "retry twice": 10,
  "cancel and retry": 10,
  "create again": 8,
  "await the end": 14,
  reconnect: 10,
  chat: 6,
};
const DEEDS = Object.keys(WEIGHTS) as Deed[];
/** Tasks begin within this time. */
const START_WITHIN_MS = 3_000;
/** Between two deeds: often so little that the first is still on its way, or as long as work goes on. */
const PAUSE_MS = { hasty: 40, usual: 500, hastyShare: 0.4 } as const;
/** Tokens of an answer, and of one that nobody waits for. */
const TOKENS = { min: 5, max: 60, endless: 4_000 } as const;
export const TOKENS_PER_SECOND = 100;

export function writeScenario(random: Random, name: string): Scenario {
  const count = whole(random, 1, 3);
  return { name, tasks: Array.from({ length: count }, (_, i) => writeTask(random, `${name}-t${i + 1}`)) };
}

function writeTask(random: Random, key: string): TaskScript {
  const nature = random.between(0, 1);
  const endless = nature < 0.25;
  const fails = nature > 0.85;
  const tokens = endless ? TOKENS.endless : whole(random, TOKENS.min, TOKENS.max);
  return {
    key,
    prompt: promptOf(key, tokens, fails),
    endless,
    startMs: random.between(0, START_WITHIN_MS),
    steps: Array.from({ length: whole(random, 1, 5) }, () => ({
      afterMs: random.between(
        0,
        random.between(0, 1) < PAUSE_MS.hastyShare ? PAUSE_MS.hasty : PAUSE_MS.usual,
      ),
      deed: pick(random),
    })),
  };
}

function pick(random: Random): Deed {
  const total = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);
  let at = random.between(0, total);
  return DEEDS.find((deed) => (at -= WEIGHTS[deed]) < 0) ?? "cancel";
}

export function whole(random: Random, min: number, max: number): number {
  return Math.floor(random.between(min, max));
}

export function promptOf(key: string, tokens: number, fails = false): string {
  return `风暴 ${key} ${tokens} 字${fails ? "，第一次失败" : ""}`;
}

/** Counts, so that nothing can be missing or repeated without being seen. */
export function answerTo(prompt: string): string {
  const [, key = "", tokens = "0"] = prompt.split(" ");
  return `${key}：${Array.from({ length: Number(tokens) }, (_, i) => ` ${i + 1}`).join("")}`;
}

/** The model of a storm: answers every prompt in its own way, and notes each request when it comes. */
export function stormModel(parallel: number): {
  options: LmStudioOptions;
  requests: { key: string; at: number }[];
} {
  const requests: { key: string; at: number }[] = [];
  return {
    requests,
    options: {
      tokensPerSecond: TOKENS_PER_SECOND,
      parallel,
      contextTokens: 16_384,
      reply: (messages) => answerTo(messages.at(-1)?.content ?? ""),
      fault(_, messages) {
        const prompt = messages.at(-1)?.content ?? "";
        const key = prompt.split(" ")[1] ?? "";
        const isFirst = !requests.some((request) => request.key === key);
        requests.push({ key, at: Date.now() });
        return isFirst && prompt.endsWith("失败") ? serverError : undefined;
      },
    },
  };
}
