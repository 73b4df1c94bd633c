/**
 * `npm run test:windows`: the real Windows executables, under Wine. The exit code is 0 when all tests passed, and
 * COULD_NOT_RUN, after a line that says why, when there can be no Wine here.
 */
import { join } from "node:path";
import { setUpWine } from "../../dev/wine.ts";

/** What build systems take for "skipped": Automake, Meson and others. */
const COULD_NOT_RUN = 77;
/** Wine needs several times as long as Windows. */
const TEST_TIMEOUT_MS = 60_000;
/** A run that hangs outside of any test. */
const RUN_TIMEOUT_MS = 10 * 60_000;

const root = join(import.meta.dir, "..", "..");

const reason = await setUpWine();
if (reason !== undefined) {
  console.log(`test:windows could not be run: ${reason}`);
  process.exit(COULD_NOT_RUN);
}
const tests = Bun.spawn([process.execPath, "test", `--timeout=${TEST_TIMEOUT_MS}`, "./test/windows/"], {
  cwd: root,
  stdin: "ignore",
  stdout: "inherit",
  stderr: "inherit",
  timeout: RUN_TIMEOUT_MS,
  killSignal: "SIGKILL",
});
process.exit(await tests.exited);
