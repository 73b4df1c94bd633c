import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_PACKAGE_BYTES, packageSize } from "./package-size.ts";
import { MINI_PROGRAM } from "./serve.ts";

test("the mini-program is well below WeChat's limit", async () => {
  const sizes = await packageSize(MINI_PROGRAM);
  expect([...sizes.values()].reduce((a, b) => a + b, 0)).toBeLessThan(MAX_PACKAGE_BYTES);
});

test("counts what is packed, and as what it is packed", async () => {
  const root = mkdtempSync(join(tmpdir(), "claw-size-"));
  try {
    mkdirSync(join(root, "pages"));
    const ignore = [{ type: "suffix", value: ".test.ts" }];
    await Bun.write(join(root, "project.config.json"), JSON.stringify({ packOptions: { ignore } }));
    await Bun.write(join(root, "pages/a.ts"), "/** Not packed. */\nexport const number: number = 1;\n");
    await Bun.write(join(root, "pages/a.test.ts"), "x".repeat(9999));
    await Bun.write(join(root, "pages/a.wxss"), ".a {}");
    const sizes = await packageSize(root);
    expect(sizes.get("pages")).toBeLessThan(700);
    expect(sizes.get("pages")).toBeGreaterThan(".a {}".length);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
