import { afterEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../config.ts";
import { findRedisProgram, type RedisSources } from "./redis-program.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "claw-redis-"));
  folders.push(made);
  return made;
}

function program(content: string): string {
  const path = join(folder(), "redis-server");
  writeFileSync(path, content, { mode: 0o755 });
  return path;
}

/** A compiled gateway with all of them. */
function everything(): RedisSources {
  const path = program("inside");
  const sha256 = createHash("sha256").update("inside").digest("hex");
  return {
    inside: [{ name: "redis-server", path, sha256 }],
    besideProgram: program("beside"),
    system: false,
  };
}

const NOTHING: RedisSources = { inside: [], besideProgram: "/nowhere/redis-server", system: false };

test("the configured one goes first", () => {
  const configured = program("configured");
  expect(findRedisProgram(configured, folder(), everything())).toBe(configured);
});

test("a configured one that is not there is an error, though there are others", () => {
  const find = () => findRedisProgram("/nowhere/redis", folder(), everything());
  expect(find).toThrow(ConfigError);
  expect(find).toThrow("/nowhere/redis");
});

test("then the one inside the executable, taken out to the data folder", async () => {
  const dataDir = folder();
  const found = findRedisProgram("", dataDir, everything());
  expect(found).toStartWith(join(dataDir, "bin"));
  expect(await Bun.file(found).text()).toBe("inside");
});

test("then the one beside the executable", () => {
  const besideProgram = program("beside");
  expect(findRedisProgram("", folder(), { ...NOTHING, besideProgram })).toBe(besideProgram);
});

test("the system's only from source", () => {
  expect(findRedisProgram("", folder(), { ...NOTHING, system: true })).toEndWith("redis-server");
  expect(() => findRedisProgram("", folder(), NOTHING)).toThrow(ConfigError);
});

test("an executable without any says the three ways out", () => {
  const find = () => findRedisProgram("", folder(), NOTHING);
  for (const hint of ["/nowhere/redis-server", "redis.server_path", "redis.url"]) expect(find).toThrow(hint);
});
