import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { BuiltExecutable } from "./executable.ts";
import { executableName, PROGRAMS, TARGETS } from "./targets.ts";

/** Writes SHA256SUMS (as `sha256sum --check` reads it) for every executable that is in the folder now. */
export function writeChecksums(outDir: string): void {
  const names = TARGETS.flatMap((target) => PROGRAMS.map((program) => executableName(program, target)));
  const lines = names
    .filter((name) => existsSync(join(outDir, name)))
    .map((name) => `${sha256(join(outDir, name))}  ${name}\n`);
  writeFileSync(join(outDir, "SHA256SUMS"), lines.join(""));
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
