import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reset } from "@logtape/logtape";
import { closeLog, openLog } from "./log.ts";

const FULL_BYTES = 10 * 1024 * 1024;

let dir: string;
let quiet: ReturnType<typeof spyOn>;
const file = () => join(dir, "logs", "claw.log");

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-日志 "));
  quiet = spyOn(console, "info").mockImplementation(() => {});
});
afterEach(async () => {
  quiet.mockRestore();
  // Other tests of this process log nowhere.
  await reset();
  rmSync(dir, { recursive: true, force: true });
});

/** What a run of the program leaves in its log when it says one thing. */
async function runSaying(text: string): Promise<void> {
  const log = await openLog("claw", { file: file(), json: false });
  log.info(text);
  await closeLog();
}

test("a full file becomes the one before, the ten last are kept, and nothing newer is lost", async () => {
  const runs = 13;
  for (let run = 1; run <= runs; run++) {
    await runSaying(`run ${run}`);
    // Full, at no cost of disk: the next line makes it the file before.
    truncateSync(file(), FULL_BYTES);
  }
  await runSaying("last");
  const kept = Array.from({ length: 10 }, (_, index) => `claw.log.${index + 1}`);
  expect(readdirSync(join(dir, "logs")).toSorted()).toEqual(["claw.log", ...kept].toSorted());
  expect(readFileSync(file(), "utf8")).toContain("last");
  for (const [index, name] of kept.entries())
    expect(readFileSync(join(dir, "logs", name)).includes(`run ${runs - index}\n`)).toBe(true);
});

test("a file that is not full is gone on with", async () => {
  await runSaying("first");
  await runSaying("second");
  const lines = readFileSync(file(), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => line.split(" ").at(-1))).toEqual(["first", "second"]);
  expect(readdirSync(join(dir, "logs"))).toEqual(["claw.log"]);
});
