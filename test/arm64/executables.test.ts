import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json";
import { buildExecutable } from "../../dev/build/executable.ts";
import type { RedisInside } from "../../dev/build/redis-inside.ts";
import { startLmStudio } from "../../dev/lm-studio.ts";
import { freePort, type Program, startCommand, untilReady } from "../../dev/program.ts";
import { setUpQemu } from "../../dev/qemu.ts";
import { startTestRedis } from "../../dev/redis-for-tests.ts";
import { agentInitWords } from "../wecom-members.ts";
import { fillIn } from "../windows/toml.ts";
import { BUILD_TIMEOUT_MS, type ProgramName, PROGRAMS } from "../executables/executables.ts";

/** Emulated, everything takes many times as long. */
const START_TIMEOUT_MS = 60_000;

const qemu = await setUpQemu();
if ("reason" in qemu) console.log(`test/arm64/executables.test.ts is skipped: ${qemu.reason}`);
const launcher = "reason" in qemu ? [] : qemu.launcher;

let dir: string;
let redisInside: RedisInside | undefined;
const folder = (name: ProgramName) => join(dir, name);

/** Starts a program's executable under qemu. */
function start(name: ProgramName, words: readonly string[] = []): Program {
  const command = [...launcher, join(folder(name), `claw-${name}`), ...words];
  return startCommand(command, { cwd: dir, env: { PATH: process.env["PATH"], LANG: "C.UTF-8" } });
}

async function run(name: ProgramName, words: readonly string[]) {
  const program = start(name, words);
  return { code: await program.exited, output: program.output() };
}

function configure(name: ProgramName, values: Readonly<Record<string, string | number>>): void {
  const file = join(folder(name), `${name}.toml`);
  writeFileSync(file, fillIn(readFileSync(file, "utf8"), values));
}

describe.skipIf("reason" in qemu)("the executables for linux-arm64, under qemu", () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "claw-arm64 "));
    for (const program of PROGRAMS) {
      mkdirSync(folder(program));
      const { path, redis } = await buildExecutable({ program, target: "linux-arm64", outDir: dir });
      redisInside ??= redis;
      renameSync(path, join(folder(program), `claw-${program}`));
    }
  }, BUILD_TIMEOUT_MS);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test.each([...PROGRAMS])("claw-%s starts, and says what it is", async (name) => {
    const { code, output } = await run(name, ["--version"]);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain(`claw-${name} ${packageJson.version}`);
    expect(output).toContain("linux-arm64");
  });

  test("the redis-server inside the gateway runs", () => {
    // By itself: what the gateway starts is not emulated.
    if (!redisInside || "missing" in redisInside) throw new Error(`no Redis inside: ${redisInside?.missing}`);
    const [server] = redisInside.files;
    const { exitCode, stdout } = Bun.spawnSync([...launcher, server?.path ?? "", "--version"]);
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toContain("Redis server v=7");
  });

  test(
    "after init both get ready: linked, and with the model",
    async () => {
      const [port, adminPort] = [freePort(), freePort()];
      const [redis, model] = [await startTestRedis(), startLmStudio()];
      const programs: Program[] = [];
      try {
        const url = `http://127.0.0.1:${port}`;
        const made = await run("gateway", ["init", "--port", String(port), "--public-url", url]);
        expect(await run("agent", agentInitWords(made.output))).toMatchObject({ code: 0 });
        configure("gateway", { "redis.url": redis.url });
        configure("agent", { "lmstudio.base_url": model.url, "admin.port": adminPort });
        for (const [name, at] of [
          ["gateway", port],
          ["agent", adminPort],
        ] as const) {
          const program = start(name);
          programs.push(program);
          await untilReady(`http://127.0.0.1:${at}/readyz`, program, START_TIMEOUT_MS);
        }
        for (const program of programs.toReversed()) expect(await program.stop()).toBe(0);
      } finally {
        for (const program of programs) await program.kill9();
        await Promise.all([model.stop(), redis.stop()]);
      }
    },
    3 * START_TIMEOUT_MS,
  );
});
