import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { RedisInside } from "./redis-inside.ts";
import { BuildError } from "./run-tool.ts";
import { windowsRedis } from "./windows-redis.ts";

const PROGRAM = "the program";
const LIBRARY = "the library";
const CACHE = "XDG_CACHE_HOME";

let dir: string;
let manifest: string;
const cacheBefore = process.env[CACHE];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-windows-redis-"));
  process.env[CACHE] = join(dir, "cache");
  manifest = join(dir, "windows-x64.json");
  writeFileSync(join(dir, "license.txt"), "BSD");
});
afterEach(() => {
  if (cacheBefore === undefined) delete process.env[CACHE];
  else process.env[CACHE] = cacheBefore;
  rmSync(dir, { recursive: true, force: true });
});

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A manifest that knows one distribution; `archive` is its zip. */
function know(options: { archive?: Uint8Array; withHashes?: boolean }): void {
  const file = (name: string, content: string) => ({
    name,
    ...(options.withHashes && { sha256: sha256(content) }),
  });
  const distribution = {
    name: "Redis",
    version: "5.0.14.1",
    source: "https://example.test/redis.zip",
    license: "BSD-3-Clause",
    licenseFile: "license.txt",
    archiveSha256: sha256(options.archive ?? "some archive"),
    files: [file("redis-server.exe", PROGRAM), file("library.dll", LIBRARY)],
  };
  writeFileSync(manifest, JSON.stringify({ distributions: [distribution] }));
}

function supply(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(dir, folder);
  mkdirSync(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

/** A zip whose files are stored as they are (APPNOTE.TXT, 4.3). */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const sizes = Buffer.alloc(16);
    sizes.writeUInt32LE(crc32(content), 0);
    sizes.writeUInt32LE(content.length, 4);
    sizes.writeUInt32LE(content.length, 8);
    sizes.writeUInt16LE(name.length, 12);
    const local = Buffer.concat([
      Buffer.from("504b03040a000000000000002100", "hex"),
      sizes,
      Buffer.from(name + content),
    ]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(
      Buffer.concat([Buffer.from("504b01020a000a000000000000002100", "hex"), sizes, tail, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("504b0506", "hex");
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function contents(redis: RedisInside): Record<string, string> {
  if (!("files" in redis)) throw new Error(redis.missing);
  return Object.fromEntries(redis.files.map(({ name, path }) => [name, readFileSync(path, "utf8")]));
}

const BOTH = { "redis-server.exe": PROGRAM, "library.dll": LIBRARY };

describe("a Redis for Windows", () => {
  test("is taken out of a zip that the manifest knows", async () => {
    const archive = zip({
      "Redis-5/redis-server.exe": PROGRAM,
      "Redis-5/library.dll": LIBRARY,
      "Redis-5/x": "",
    });
    know({ archive });
    const redis = await windowsRedis(join(supply("given", { "redis.zip": archive }), "redis.zip"), manifest);
    expect(contents(redis)).toEqual(BOTH);
    expect(redis).toMatchObject({ version: "5.0.14.1", licenses: [{ text: "BSD" }] });
  });

  test("is found in the vendor folder without being named", async () => {
    const archive = zip(BOTH);
    know({ archive });
    supply("windows-x64", { "redis.zip": archive });
    expect(contents(await windowsRedis(undefined, manifest))).toEqual(BOTH);
  });

  test("may be a folder or the program in it, when the manifest has their hashes", async () => {
    know({ withHashes: true });
    const folder = supply("given", BOTH);
    expect(contents(await windowsRedis(folder, manifest))).toEqual(BOTH);
    expect(contents(await windowsRedis(join(folder, "redis-server.exe"), manifest))).toEqual(BOTH);
  });

  test("is refused when unknown, with its hash", async () => {
    know({ withHashes: true });
    const archive = zip(BOTH);
    const other = supply("other", { "redis.zip": archive });
    expect(windowsRedis(other, manifest)).rejects.toThrow(sha256(archive));
    const tampered = supply("tampered", { ...BOTH, "library.dll": "something else" });
    expect(windowsRedis(tampered, manifest)).rejects.toThrow(sha256("something else"));
    const program = supply("program", { "redis-server.exe": "unknown" });
    expect(windowsRedis(program, manifest)).rejects.toThrow(BuildError);
  });

  test("is refused when it is not there", async () => {
    know({});
    expect(windowsRedis(join(dir, "nowhere"), manifest)).rejects.toThrow("there is no");
    expect(windowsRedis(supply("empty", {}), manifest)).rejects.toThrow("no redis-server.exe");
  });

  test("is missing when nobody supplied one", async () => {
    know({});
    expect(await windowsRedis(undefined, manifest)).toHaveProperty("missing");
  });
});
