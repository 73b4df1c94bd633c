import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failuresIn } from "./failures.ts";

test("each failure is told with its file and its error, and nothing else is", async () => {
  const dir = mkdtempSync(join(tmpdir(), "claw-failures-"));
  const two = (name: string, text: string) =>
    `import { expect, test } from "bun:test";
     test("${name} good", () => console.log("${name} chatter"));
     test("${name} bad", () => { throw new Error("${text}"); });`;
  writeFileSync(join(dir, "one.test.ts"), two("first", "no bread"));
  writeFileSync(join(dir, "two.test.ts"), two("second", "no wine"));
  const child = Bun.spawn([process.execPath, "test", dir], { cwd: dir, stdout: "pipe", stderr: "pipe" });
  const output = await new Response(child.stderr).text();
  rmSync(dir, { recursive: true });
  const failures = failuresIn(output).toSorted();
  expect(failures).toHaveLength(2);
  expect(failures[0]).toStartWith("one.test.ts:\n");
  expect(failures[0]).toContain("no bread");
  expect(failures[0]).toContain("(fail) first bad");
  expect(failures[1]).toStartWith("two.test.ts:\n");
  expect(failures[1]).toContain("no wine");
  expect(failures.join()).not.toContain("(pass)");
});
