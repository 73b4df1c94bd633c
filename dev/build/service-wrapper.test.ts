import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildServiceWrapper } from "./service-wrapper.ts";

/** The compiler may have to be installed first. */
const BUILD_TIMEOUT_MS = 5 * 60_000;

let caches: string[];
let wrappers: string[];

beforeAll(async () => {
  caches = ["a", "b"].map((name) => mkdtempSync(join(tmpdir(), `claw-wrapper-${name}-`)));
  wrappers = [];
  for (const cache of caches) {
    const wrapper = await buildServiceWrapper(cache);
    if (wrapper === undefined) throw new Error("no wrapper, see above");
    wrappers.push(wrapper);
  }
}, BUILD_TIMEOUT_MS);
afterAll(() => {
  for (const cache of caches) rmSync(cache, { recursive: true, force: true });
});

test("the same source gives the same bytes, of a Windows program", () => {
  const [first, second] = wrappers.map((wrapper) => readFileSync(wrapper));
  expect(first?.subarray(0, 2).toString()).toBe("MZ");
  expect(first && second?.equals(first)).toBe(true);
});

test("it is compiled once: what the cache has is left as it is", async () => {
  const [wrapper = ""] = wrappers;
  const { ino, mtimeNs } = statSync(wrapper, { bigint: true });
  expect(await buildServiceWrapper(caches[0] ?? "")).toBe(wrapper);
  expect(statSync(wrapper, { bigint: true })).toMatchObject({ ino, mtimeNs });
});
