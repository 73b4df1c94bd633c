import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cachedFolder } from "./cache.ts";
import type { RedisFiles, RedisInside } from "./redis-inside.ts";
import { BuildError } from "./run-tool.ts";
import { readFromZip } from "./zip.ts";

const MANIFEST = join(import.meta.dir, "..", "..", "vendor", "redis", "windows-x64.json");

/** One known Redis for Windows: an entry of vendor/redis/windows-x64.json. */
interface Distribution {
  readonly name: string;
  readonly version: string;
  /** Where to download the archive. */
  readonly source: string;
  /** SPDX. */
  readonly license: string;
  /** A file beside the manifest. */
  readonly licenseFile: string;
  readonly archiveSha256: string;
  /** What of it a gateway needs, the program first. Without a hash: only from the archive. */
  readonly files: readonly { readonly name: string; readonly sha256?: string }[];
}

/**
 * The redis-server for a Windows gateway. Nobody compiles one on Linux, so it is supplied: an archive, a folder, or
 * redis-server.exe itself, and it has to be one that the manifest knows.
 *
 * @param given where it is; without it, whatever lies in the folder `windows-x64` beside the manifest
 * @throws BuildError when it is not there, or unknown
 */
export async function windowsRedis(given: string | undefined, manifest = MANIFEST): Promise<RedisInside> {
  const place = given ?? inVendorFolder(manifest);
  if (place === undefined) return { missing: "no Redis for Windows was supplied, see vendor/README.md" };
  if (!existsSync(place)) throw new BuildError(`--windows-redis: there is no ${place}`);
  const { distributions } = JSON.parse(readFileSync(manifest, "utf8")) as { distributions: Distribution[] };

  const archive = findArchive(place);
  if (archive !== undefined) {
    const hash = sha256(archive);
    const known = distributions.find(({ archiveSha256 }) => archiveSha256 === hash);
    if (!known) throw unknown(archive, hash, manifest);
    return redisFiles(known, await extract(archive, known), manifest);
  }
  const program = findProgram(place);
  if (program === undefined) throw new BuildError(`no zip and no redis-server.exe in ${place}`);
  const hash = sha256(program);
  const known = distributions.find(({ files }) => files[0]?.sha256 === hash);
  if (!known) throw unknown(program, hash, manifest);
  return redisFiles(known, dirname(program), manifest);
}

function inVendorFolder(manifest: string): string | undefined {
  const folder = manifest.replace(/\.json$/, "");
  return existsSync(folder) && readdirSync(folder).length > 0 ? folder : undefined;
}

function findArchive(place: string): string | undefined {
  if (!statSync(place).isDirectory()) return /\.zip$/i.test(place) ? place : undefined;
  const archives = readdirSync(place).filter((name) => /\.zip$/i.test(name));
  return archives[0] === undefined ? undefined : join(place, archives[0]);
}

function findProgram(place: string): string | undefined {
  const program = statSync(place).isDirectory() ? join(place, "redis-server.exe") : place;
  return existsSync(program) ? program : undefined;
}

async function extract(archive: string, { archiveSha256, files }: Distribution): Promise<string> {
  return await cachedFolder(`windows-redis-${archiveSha256.slice(0, 12)}`, async (folder) => {
    const zip = readFileSync(archive);
    for (const { name } of files) {
      const content = readFromZip(zip, name);
      if (!content) throw new BuildError(`${archive} has no ${name}`);
      writeFileSync(join(folder, name), content);
    }
  });
}

function redisFiles(distribution: Distribution, folder: string, manifest: string): RedisFiles {
  const { name, version, source, license, licenseFile } = distribution;
  const files = distribution.files.map((file) => {
    const path = join(folder, file.name);
    if (!existsSync(path)) throw new BuildError(`${folder} has no ${file.name}`);
    const hash = sha256(path);
    if (file.sha256 !== undefined && file.sha256 !== hash) throw unknown(path, hash, manifest);
    return { name: file.name, path };
  });
  const text = readFileSync(join(dirname(manifest), licenseFile), "utf8");
  const component = `${name} ${version} (${license}, ${source})`;
  return { version, files, licenses: [{ component, text }] };
}

function unknown(file: string, hash: string, manifest: string): BuildError {
  return new BuildError(
    `${file} is not a Redis that this project knows.\n  sha256 ${hash}\n` +
      `Take the one that ${manifest} names, or, if you trust this one, add it there with its source and licence.`,
  );
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
