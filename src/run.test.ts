import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dir = mkdtempSync(join(tmpdir(), "claw-run-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const IMPORTS = `
import { run } from "${import.meta.dir}/run.ts";
import { ExplainedError } from "${import.meta.dir}/explained-error.ts";
import { ConfigError } from "${import.meta.dir}/config.ts";
`;

function program(body: string) {
  const file = join(dir, `${Bun.randomUUIDv7()}.ts`);
  writeFileSync(file, `${IMPORTS}await run(async (signal) => {${body}});`);
  return Bun.spawn([process.execPath, file], { stdout: "pipe", stderr: "pipe", timeout: 10_000 });
}

/** Says that it serves, and that it was told to stop; then goes on for ever if told so. */
const SERVE = (end: string) => `
  const told = new Promise((resolve) => signal.addEventListener("abort", resolve));
  setInterval(() => {}, 1_000);
  process.stdout.write("serving\\n");
  await told;
  process.stdout.write("stopping\\n");
  ${end}`;

/** Waits until a program has said a word; what it says after that is for the next wait. */
function listenTo(output: ReadableStream<Uint8Array>) {
  const chunks = output[Symbol.asyncIterator]();
  return async (word: string): Promise<void> => {
    for (let said = ""; !said.includes(word);) {
      const { done, value } = await chunks.next();
      if (done) throw new Error(`ended without ${word}`);
      said += new TextDecoder().decode(value);
    }
  };
}

test.concurrent.each(["SIGTERM", "SIGINT"] as const)("%s: drains, then ends well", async (signal) => {
  const child = program(SERVE(""));
  const untilSays = listenTo(child.stdout);
  await untilSays("serving");
  child.kill(signal);
  await untilSays("stopping");
  expect(await child.exited).toBe(0);
});

test.concurrent("a second signal at once is the same Ctrl+C; a later one ends it", async () => {
  const child = program(SERVE("await new Promise(() => {});"));
  const untilSays = listenTo(child.stdout);
  await untilSays("serving");
  child.kill("SIGTERM");
  await untilSays("stopping");
  child.kill("SIGTERM");
  // No condition to wait for: nothing is to happen within the time that counts as the same one.
  expect(await Promise.race([child.exited, Bun.sleep(600)])).toBeUndefined();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(130);
});

test.concurrent("an explained error is told without a stack, with its own exit code", async () => {
  const explained = program(`throw new ExplainedError("请检查端口");`);
  const wrongConfig = program(`throw new ConfigError("x.toml", [{ key: "k", message: "缺少" }]);`);
  const bug = program(`throw new TypeError("a bug");`);
  expect(await explained.exited).toBe(1);
  expect(await new Response(explained.stderr).text()).toBe("请检查端口\n");
  // A service manager must not try again for ever.
  expect(await wrongConfig.exited).toBe(2);
  expect(await bug.exited).toBe(1);
  expect(await new Response(bug.stderr).text()).toContain("at ");
});
