/**
 * `npm test`: the checks, then every test of the tree but those in test/peer, test/systemd and test/arm64, which have
 * commands of their own, and, without `--windows`, those in test/windows. What failed is told once more at the end, and
 * why something was skipped. The last line is `N passed, N failed`, with `, N skipped` if any are; the exit code is 0
 * only when something passed and nothing failed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setUpWine } from "../dev/wine.ts";
import { failuresIn } from "./failures.ts";

const root = join(import.meta.dir, "..");
const UNIT_TIMEOUT_MS = 30_000;
/** Whole-system tests start several programs, and a browser, on a machine that may be slow. */
const SYSTEM_TIMEOUT_MS = 120_000;
/** Wine needs several times as long as Windows. */
const WINDOWS_TIMEOUT_MS = 60_000;
/** A run that hangs outside of any test. */
const RUN_TIMEOUT_MS = 30 * 60_000;

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const NOTHING: Count = { passed: 0, failed: 0, skipped: 0 };

const reports = mkdtempSync(join(tmpdir(), "claw-test-"));
process.on("exit", () => rmSync(reports, { recursive: true, force: true }));

const allFiles = [...new Bun.Glob("**/*.test.{ts,tsx,js}").scanSync({ cwd: root })]
  .filter((file) => !/(^|\/)(node_modules|dist)\/|^test\/(peer|systemd|arm64)\//.test(file))
  .toSorted();
const windowsFiles = allFiles.filter((file) => file.startsWith("test/windows/"));
const files = allFiles.filter((file) => !windowsFiles.includes(file));
// The build's are among them: they and those of the executables fill the same caches, and install the same compilers.
const isSystem = (file: string) => /^(test|dev\/build)\//.test(file);
const isFault = (file: string) => file.startsWith("test/faults/");
const isBrowser = (file: string) => file.startsWith("test/miniprogram/");
const isOtherSystem = (file: string) => isSystem(file) && !isFault(file) && !isBrowser(file);

/** What failed, and why something could not be run, to be told at the end: the rest of the output is long. */
const failures: string[] = [];
const skips: string[] = [];
const counts = [
  await check(),
  // Two at a time: most of them wait more than they work.
  ...(await Promise.all([
    bunTest(
      "unit",
      files.filter((file) => !isSystem(file)),
      UNIT_TIMEOUT_MS,
    ),
    bunTest("system", files.filter(isOtherSystem), SYSTEM_TIMEOUT_MS, "at the end"),
  ])),
  ...(await Promise.all([
    bunTest("fault", files.filter(isFault), SYSTEM_TIMEOUT_MS),
    bunTest("mini-program", files.filter(isBrowser), SYSTEM_TIMEOUT_MS, "at the end"),
  ])),
  ...(process.argv.includes("--windows") ? [await windowsTests()] : []),
];
const total = counts.reduce(add);
if (failures.length > 0) console.log(["\n# failed", ...failures].join("\n\n"), "\n");
if (skips.length > 0) console.log(["\n# skipped", ...skips].join("\n"), "\n");
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

async function check(): Promise<Count> {
  console.log("# check");
  const { code, output } = await run([process.execPath, "test/check.ts"], "live");
  if (code === 0) return { ...NOTHING, passed: 1 };
  failures.push(output.trim());
  return { ...NOTHING, failed: 1 };
}

/** The Windows executables, under Wine. */
async function windowsTests(): Promise<Count> {
  const reason = await setUpWine();
  if (reason === undefined) return await bunTest("windows", windowsFiles, WINDOWS_TIMEOUT_MS);
  skips.push(`windows tests: ${reason}`);
  return await countAsSkipped("windows", windowsFiles);
}

/** As many as there are, none of which is run: none has this name. */
async function countAsSkipped(name: string, testFiles: readonly string[]): Promise<Count> {
  const report = join(reports, `${name}.xml`);
  const reporting = ["--reporter=junit", `--reporter-outfile=${report}`, "--test-name-pattern=(?!)"];
  await run([process.execPath, "test", ...reporting, ...testFiles.map((file) => `./${file}`)], "at the end");
  const text = await Bun.file(report)
    .text()
    .catch(() => "");
  const count = totals(text);
  if (count.skipped > 0 && count.passed + count.failed === 0) return count;
  failures.push(`${name} tests: they do not load, and so could not be counted`);
  return { ...NOTHING, failed: 1 };
}

/** @param output "at the end": of tests that run beside others, whose output it would tear apart */
async function bunTest(
  name: string,
  testFiles: readonly string[],
  timeoutMs: number,
  output: "live" | "at the end" = "live",
): Promise<Count> {
  const title = `\n# ${name} tests: ${testFiles.length} files`;
  if (output === "live") console.log(title);
  if (testFiles.length === 0) return NOTHING;
  const report = join(reports, `${name}.xml`);
  const { code, output: printed } = await run(
    [
      process.execPath,
      "test",
      `--timeout=${timeoutMs}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...testFiles.map((file) => `./${file}`),
    ],
    output,
  );
  if (output === "at the end") console.log(`${title}\n${printed}`);
  failures.push(...failuresIn(printed));
  skips.push(...(printed.match(/^\S+\.test\.ts is skipped: .*$/gm) ?? []));
  const text = await Bun.file(report)
    .text()
    .catch(() => "");
  const silent = testFiles.filter((file) => !text.includes(`file="${file}"`));
  for (const file of silent) failures.push(`${file}: no test ran, it does not load or has none`);
  const count = add(totals(text), { ...NOTHING, failed: silent.length });
  if (code === 0 || count.failed > 0) return count;
  failures.push(`${name} tests: something went wrong outside of every test (exit code ${code})`);
  return { ...count, failed: 1 };
}

/** The totals of a JUnit report, which are on its root. */
function totals(report: string): Count {
  const [head = ""] = /<testsuites\b[^>]*>/.exec(report) ?? [];
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [failed, skipped] = [number("failures") + number("errors"), number("skipped")];
  return { passed: number("tests") - failed - skipped, failed, skipped };
}

/** Runs a program to its end. Its two outputs are kept as one, in which they are mixed as they come. */
async function run(
  command: readonly string[],
  show: "live" | "at the end",
): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([...command], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: RUN_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  const keep = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const text = decoder.decode(bytes, { stream: true });
      output += text;
      if (show === "live") process.stdout.write(text);
    }
  };
  const kept = Promise.all([keep(child.stdout), keep(child.stderr)]);
  const code = await child.exited;
  // A program that a test left behind may hold the outputs open.
  await Promise.race([kept, Bun.sleep(1000)]);
  return { code, output };
}

function add(a: Count, b: Count): Count {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}
