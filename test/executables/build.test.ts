import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { copyTree } from "./copied-tree.ts";
import { BUILD_TIMEOUT_MS } from "./executables.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const NAME = "claw-agent-linux-x64";
const ONE = ["--target", "linux-x64", "--only", "agent"];

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-构建 "));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Types `bun build.ts …` in a checkout. */
async function build(tree: string, ...words: string[]) {
  const child = Bun.spawn([process.execPath, "build.ts", ...words], {
    cwd: tree,
    // A checkout without a history would take the clock's time.
    env: { ...process.env, SOURCE_DATE_EPOCH: "1767225600" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output, errors };
}

describe("one target and program", () => {
  const out = () => join(dir, "第一次");
  const old = "claw-gateway-linux-x64";
  let built: Awaited<ReturnType<typeof build>>;
  beforeAll(async () => {
    mkdirSync(out());
    writeFileSync(join(out(), old), "of another commit");
    built = await build(ROOT, ...ONE, "--out", out());
  }, BUILD_TIMEOUT_MS);

  test("is built, and nothing else; a table says how large it is", () => {
    expect(built).toMatchObject({ code: 0 });
    const megabytes = (statSync(join(out(), NAME)).size / 1e6).toFixed(1);
    const [head, row, ...rest] = built.output.trim().split("\n");
    expect(head).toMatch(/^file +MB +Redis inside +sha256$/);
    expect(row).toMatch(new RegExp(`^${NAME} +${megabytes} +[0-9a-f]{16}…$`));
    expect(rest).toEqual([`not in SHA256SUMS, from an earlier build: ${old}`]);
  });

  test("SHA256SUMS lists it, for sha256sum, and not what lay there before", () => {
    const sums = readFileSync(join(out(), "SHA256SUMS"), "utf8");
    expect(sums).toMatch(new RegExp(`^[0-9a-f]{64}  ${NAME}\\n$`));
    const check = Bun.spawnSync(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: out() });
    expect(check.exitCode).toBe(0);
  });

  test(
    "has the same bytes when it is built from a copy of the tree, in another folder",
    async () => {
      const tree = join(dir, "副本", "claw");
      copyTree(tree);
      const again = join(dir, "第二次");
      expect(await build(tree, ...ONE, "--out", again)).toMatchObject({ code: 0 });
      expect(readFileSync(join(again, NAME)).equals(readFileSync(join(out(), NAME)))).toBe(true);
    },
    BUILD_TIMEOUT_MS,
  );
});

test.each([
  [["--target", "linux-x86"], "there is no linux-x86"],
  [["--target", "linux-x64", "--only", "both"], "there is no both"],
  [["--frobnicate"], "--frobnicate"],
  [["linux-x64"], "linux-x64"],
])("%j is refused, with what there is; nothing is built", async (words, complaint) => {
  const out = join(dir, "nothing");
  const { code, output, errors } = await build(ROOT, ...words, "--out", out);
  expect(code).toBe(1);
  expect(output).toBe("");
  expect(errors).toContain(complaint);
  for (const known of ["--target", "linux-arm64", "windows-x64", "gateway or agent"])
    expect(errors).toContain(known);
  expect(existsSync(out)).toBe(false);
});

test("--help says what there is, and builds nothing", async () => {
  const { code, output } = await build(ROOT, "--help");
  expect(code).toBe(0);
  for (const flag of ["--target", "--only", "--windows-redis", "--out"]) expect(output).toContain(flag);
});
