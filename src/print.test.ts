import { expect, test } from "bun:test";
import { join } from "node:path";

const PRINT = join(import.meta.dir, "print.ts");

test("a reader that leaves early is no error: the command goes on to its end", async () => {
  const program = `
    import { print } from ${JSON.stringify(PRINT)};
    for (let line = 0; line < 20; line++) {
      print("line ".repeat(10_000));
      await Bun.sleep(5);
    }
    process.stderr.write("ended");
    process.exit(3);`;
  const child = Bun.spawn(
    ["bash", "-c", '"$0" -e "$1" | true; exit "${PIPESTATUS[0]}"', process.execPath, program],
    {
      stdout: "ignore",
      stderr: "pipe",
      timeout: 10_000,
    },
  );
  const errors = await new Response(child.stderr).text();
  expect({ errors, code: await child.exited }).toEqual({ errors: "ended", code: 3 });
});
