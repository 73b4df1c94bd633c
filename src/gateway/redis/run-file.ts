import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { writePrivate } from "./redis-conf.ts";

/** What the next start must know to find a redis-server that outlived its gateway; gone after an orderly stop. */
const RunRecord = v.object({
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  password: v.pipe(v.string(), v.minLength(1)),
  /** Of the redis-server; absent in the moment before it is started. */
  pid: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Of the gateway; only told to the administrator, the lock decides. */
  gatewayPid: v.number(),
});
export type RunRecord = v.InferOutput<typeof RunRecord>;

export function runFilePath(dir: string): string {
  return join(dir, "run.json");
}

export function writeRunFile(dir: string, record: RunRecord): void {
  writePrivate(runFilePath(dir), JSON.stringify(record));
}

/** Undefined when there is none, or one that was damaged: it can be done without. */
export function readRunFile(dir: string): RunRecord | undefined {
  try {
    const result = v.safeParse(RunRecord, JSON.parse(readFileSync(runFilePath(dir), "utf8")));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
