import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkSettings,
  ConfigError,
  port,
  readConfig,
  required,
  resolvePath,
  type Settings,
  text,
  url,
} from "./config.ts";

const settings = {
  "server.port": { env: "CLAW_TEST_PORT", schema: port(443) },
  "server.name": { env: "CLAW_TEST_NAME", schema: text("默认") },
  list: { env: "CLAW_TEST_LIST", schema: text("") },
  key: { env: "CLAW_TEST_KEY", schema: required("密钥") },
  address: { env: "CLAW_TEST_ADDRESS", schema: url("http://a", ["http://"]) },
} satisfies Settings;

const dir = mkdtempSync(join(tmpdir(), "claw-配置 "));
process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
afterEach(() => {
  for (const { env } of Object.values(settings)) delete process.env[env];
});

function read(toml: string) {
  const file = join(dir, "test.toml");
  writeFileSync(file, toml);
  const source = readConfig(settings, { file, defaultFile: "none.toml" });
  return { source, values: checkSettings(settings, source) };
}

test("the environment wins over the file, the file over the default", () => {
  process.env["CLAW_TEST_PORT"] = "8080";
  const { values, source } = read(`key = "k"\n[server]\nport = 1\nname = "  文件 "`);
  expect(source.problems).toEqual([]);
  expect(values).toMatchObject({ "server.port": 8080, "server.name": "文件", key: "k", address: "http://a" });
});

test("a list may be written as a list", () => {
  expect(read(`key = "k"\nlist = ["a:1", "b:2"]`).values.list).toBe("a:1,b:2");
});

test("everything that is wrong is told at once, and no value is repeated: it may be a secret", () => {
  const secret = "hunter2-hunter2";
  const { source } = read(`kye = "${secret}"\naddress = "ftp://${secret}"\n[server]\nport = "${secret}"`);
  expect(source.problems.map((problem) => problem.key).toSorted()).toEqual([
    "address",
    "key",
    "kye",
    "server.port",
  ]);
  const { message } = new ConfigError(source.where, source.problems);
  expect(message).not.toContain(secret);
  expect(message).toContain("CLAW_TEST_PORT");
});

test("a file that is no TOML, and one that is not there, are problems, not crashes", () => {
  const secret = "hunter2-hunter2";
  const broken = read(`key = "${secret}`);
  expect(broken.source.problems.length).toBeGreaterThan(0);
  expect(JSON.stringify(broken.source.problems)).not.toContain(secret);

  const missing = readConfig(settings, { file: join(dir, "missing.toml"), defaultFile: "none.toml" });
  expect(missing.problems).toMatchObject([{ key: "--config" }]);
  expect(readConfig(settings, { file: undefined, defaultFile: "none.toml" }).problems).toEqual([]);
});

test("relative paths start at the file's folder", () => {
  const { source } = read(`key = "k"`);
  expect(resolvePath(source, "data")).toBe(join(dir, "data"));
  expect(resolvePath(source, "/var/data")).toBe("/var/data");
});

test.each(["-1", "65536", "80x", "1e3", "8.5"])("%s is no port", (value) => {
  process.env["CLAW_TEST_PORT"] = value;
  expect(read(`key = "k"`).source.problems).toMatchObject([{ key: "server.port" }]);
});

test("an empty variable is the default, and a slash at the end of an address goes", () => {
  process.env["CLAW_TEST_PORT"] = "";
  process.env["CLAW_TEST_ADDRESS"] = "http://b:1/x//";
  expect(read(`key = "k"`).values).toMatchObject({ "server.port": 443, address: "http://b:1/x" });
});
