import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExplainedError } from "./explained-error.ts";
import { newConfigPath, writeNewConfig } from "./new-config.ts";

const dir = mkdtempSync(join(tmpdir(), "claw-new-config-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("only whoever made it may read it", () => {
  const file = join(dir, "新 配置.toml");
  writeNewConfig(file, "secret");
  expect(readFileSync(file, "utf8")).toBe("secret");
  if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("it never replaces one, nor writes through a link", () => {
  const file = join(dir, "there.toml");
  writeNewConfig(file, "first");
  expect(() => writeNewConfig(file, "second")).toThrow(ExplainedError);
  expect(() => writeNewConfig(file, "second")).toThrow("已经存在");
  expect(readFileSync(file, "utf8")).toBe("first");

  const link = join(dir, "link.toml");
  symlinkSync(join(dir, "elsewhere.toml"), link);
  expect(() => writeNewConfig(link, "second")).toThrow("已经存在");
  expect(existsSync(join(dir, "elsewhere.toml"))).toBe(false);
});

test("a folder that is not there is named", () => {
  expect(() => writeNewConfig(join(dir, "missing", "a.toml"), "")).toThrow("没有这个文件夹");
});

test("it is where --config says, from the working directory", () => {
  expect(newConfigPath("a/b.toml", "x.toml")).toBe(join(process.cwd(), "a", "b.toml"));
  expect(newConfigPath(undefined, "x.toml")).toBe(join(process.cwd(), "x.toml"));
});
