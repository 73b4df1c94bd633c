import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json";
import { cacheDir } from "./cache.ts";
import { buildExecutable, type BuiltExecutable } from "./executable.ts";
import { type ProgramName, PROGRAMS } from "./targets.ts";

/** On a machine that has nothing in its cache yet, Redis is compiled first. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
const ROOT = join(import.meta.dir, "..", "..");

let dir: string;
const built = new Map<ProgramName, BuiltExecutable>();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "claw-构建 "));
  for (const program of PROGRAMS) built.set(program, await build(program, dir));
}, BUILD_TIMEOUT_MS);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function build(program: ProgramName, outDir: string): Promise<BuiltExecutable> {
  return buildExecutable({ program, target: "linux-x64", outDir });
}

function executable(program: ProgramName): string {
  return built.get(program)?.path ?? "";
}

function run(program: ProgramName, args: readonly string[], cwd = dir) {
  const { stdout, stderr, exitCode } = Bun.spawnSync([executable(program), ...args], {
    cwd,
    env: { LANG: "C.UTF-8" },
  });
  return { text: stdout.toString() + stderr.toString(), exitCode };
}

describe.each([...PROGRAMS])("the %s's executable", (program) => {
  test("tells its version and commit", () => {
    const { text } = run(program, ["--version"]);
    expect(text).toContain(`claw-${program} ${packageJson.version}`);
    expect(text).toMatch(/提交 ([0-9a-f]{12}|unknown)/);
  });

  test("shows the licences of Bun and of the packages inside", () => {
    const { text } = run(program, ["--licenses"]);
    for (const name of ["Bun", "hono", "valibot"]) expect(text).toMatch(new RegExp(`^${name} \\d`, "m"));
    expect(text).toContain("JavaScriptCore");
    expect(text).not.toMatch(/^(resedit|oxlint) \d/m);
    // What an agent shows tells that it carries no Redis.
    expect(/^Redis \d[^\n]*\(Debian\)$/m.test(text)).toBe(program === "gateway");
  });

  test("names no folder of the machine that built it", () => {
    const [bytes, bun] = [readFileSync(executable(program)), readFileSync(process.execPath)];
    // Bun itself may name one by chance, such as /root.
    const named = [ROOT, homedir(), cacheDir(), dir].filter(
      (folder) => bytes.includes(`${folder}/`) && !bun.includes(`${folder}/`),
    );
    expect(named).toEqual([]);
  });

  test("takes nothing from the folder in which it is started", () => {
    const folder = join(dir, `start-${program}`);
    mkdirSync(folder);
    writeFileSync(
      join(folder, ".env"),
      "CLAW_DATA_DIR=/from/dot-env\nCLAW_NOT_READ=1\nCLAW_ADMIN_PORT=abc\n",
    );
    writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
    writeFileSync(join(folder, "preload.ts"), 'console.log("preloaded")');
    const { text, exitCode } = run(program, [], folder);
    expect(exitCode).toBe(2);
    expect(text).toContain("配置有误");
    expect(text).not.toMatch(/_PORT|preloaded/);
  });
});

test("the gateway's has Redis inside, the agent's does not", () => {
  expect(built.get("gateway")?.redis).toHaveProperty("files");
  expect(built.get("agent")?.redis).toBeUndefined();
});
