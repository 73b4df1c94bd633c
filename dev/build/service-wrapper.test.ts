import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildServiceWrapper } from "./service-wrapper.ts";

test.skipIf(Bun.which("x86_64-w64-mingw32-gcc") === null)(
  "the same source gives the same bytes, and is compiled once",
  async () => {
    const dirs = ["a", "b"].map((name) => mkdtempSync(join(tmpdir(), `claw-wrapper-${name}-`)));
    try {
      const [first, second] = await Promise.all(dirs.map((dir) => buildServiceWrapper(dir)));
      if (first === undefined || second === undefined) throw new Error("no wrapper");
      const bytes = readFileSync(first);
      expect(bytes.subarray(0, 2).toString()).toBe("MZ");
      expect(readFileSync(second).equals(bytes)).toBe(true);
      const startedAt = performance.now();
      expect(await buildServiceWrapper(dirs[0] ?? "")).toBe(first);
      expect(performance.now() - startedAt).toBeLessThan(100);
    } finally {
      for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
    }
  },
  60_000,
);
