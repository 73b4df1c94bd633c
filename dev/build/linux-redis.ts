import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, cachedFolder } from "./cache.ts";
import { type AboutRedis, COMPILED, compileRedis } from "./compile-redis.ts";
import { openDebianSources } from "./debian-source.ts";
import type { RedisFiles, RedisInside } from "./redis-inside.ts";
import { BuildError } from "./run-tool.ts";
import type { LinuxTarget } from "./targets.ts";

/**
 * The redis-server for a Linux gateway, compiled from Debian's source package, or from the cache.
 *
 * @param options.newest ask Debian for a newer version even when one is cached
 */
export async function linuxRedis(target: LinuxTarget, options: { newest: boolean }): Promise<RedisInside> {
  const cached = newestCached(target);
  if (cached !== undefined && !options.newest) return filesIn(cached);
  try {
    return filesIn(await currentRedis(target));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    if (cached === undefined) return { missing: error.message };
    console.error(`build: cannot ask Debian for a newer Redis, using the cached one: ${error.message}`);
    return filesIn(cached);
  }
}

async function currentRedis(target: LinuxTarget): Promise<string> {
  const sources = await openDebianSources();
  const versions = {
    redis: await sources.newestVersion("redis"),
    musl: await sources.newestVersion("musl"),
  };
  return await cachedFolder(`redis-${fileName(versions)}${ending(target)}`, async (folder) => {
    console.error(`build: compiling Redis ${versions.redis} for ${target}, which takes a minute or two`);
    await compileRedis(target, sources, versions, folder);
  });
}

function newestCached(target: LinuxTarget): string | undefined {
  return readdirSync(cacheDir())
    .filter((name) => name.startsWith("redis-") && name.endsWith(ending(target)))
    .map((name) => join(cacheDir(), name))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** Names the target, and how it is compiled: after a change there, what is cached does not count. */
function ending(target: LinuxTarget): string {
  const recipe = readFileSync(join(import.meta.dir, "compile-redis.ts"));
  return `-${target}-${createHash("sha256").update(recipe).digest("hex").slice(0, 8)}`;
}

function fileName({ redis, musl }: AboutRedis): string {
  return `${redis}-musl-${musl}`.replace(/[^\w.~+-]/g, "_");
}

function filesIn(folder: string): RedisFiles {
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const about = JSON.parse(read(COMPILED.about)) as AboutRedis;
  // Without Debian's epoch ("5:"), which is no part of Redis's own version.
  const version = about.redis.replace(/^\d+:/, "");
  return {
    version,
    files: [{ name: COMPILED.program, path: join(folder, COMPILED.program) }],
    licenses: [
      { component: `Redis ${version} (Debian)`, text: read(COMPILED.redisLicense) },
      { component: `musl ${about.musl} (Debian)`, text: read(COMPILED.muslLicense) },
    ],
  };
}
