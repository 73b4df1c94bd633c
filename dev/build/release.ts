import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { BuiltExecutable } from "./executable.ts";
import { executableName, PROGRAMS, TARGETS } from "./targets.ts";

/**
 * Writes SHA256SUMS (as `sha256sum --check` reads it) for what was built. Executables that already lay in the folder may
 * be of another commit: they are not listed, and returned by name.
 */
export function writeChecksums(outDir: string, built: readonly BuiltExecutable[]): string[] {
  const names = TARGETS.flatMap((target) => PROGRAMS.map((program) => executableName(program, target)));
  const isNew = (name: string) => built.some(({ path }) => basename(path) === name);
  const lines = names.filter(isNew).map((name) => `${sha256(join(outDir, name))}  ${name}\n`);
  writeFileSync(join(outDir, "SHA256SUMS"), lines.join(""));
  return names.filter((name) => !isNew(name) && existsSync(join(outDir, name)));
}

/** What was built, as a table, and what is not inside though it could be. */
export function summary(built: readonly BuiltExecutable[]): string {
  const rows = [
    ["file", "MB", "Redis inside", "sha256"],
    ...built.map(({ path, bytes, redis }) => [
      basename(path),
      (bytes / 1e6).toFixed(1),
      redis === undefined ? "" : "files" in redis ? redis.version : "none",
      `${sha256(path).slice(0, 16)}…`,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const table = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return [...table.map((line) => line.trimEnd()), ...built.flatMap(notes)].join("\n");
}

function notes({ path, redis, hasServiceWrapper }: BuiltExecutable): string[] {
  const name = basename(path);
  const withoutRedis =
    redis && "missing" in redis ? [`${name} has no Redis inside: ${redis.missing.split("\n")[0]}`] : [];
  if (redis && "missing" in redis && name.endsWith(".exe"))
    withoutRedis.push("  it needs redis-server.exe beside it, redis.server_path or redis.url");
  const withoutWrapper = hasServiceWrapper
    ? []
    : [`${name} cannot install itself as a service: no wrapper inside`];
  return [...withoutRedis, ...withoutWrapper];
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
