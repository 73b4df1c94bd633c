import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { EmbeddedFile } from "./embedded.ts";
import { ExplainedError } from "./explained-error.ts";

/** The disk does not take an embedded file. */
export class UnpackError extends ExplainedError {
  override readonly name = "UnpackError";
}

const FOLDER_HASH_CHARS = 12;
const PARTIAL_NAME_BYTES = 6;
const EXECUTABLE = 0o755;

/**
 * Takes files out of the executable to `<dataDir>/bin/<hash of them>/`, so that the system can run them; those that
 * are there and whole are left alone. Returns where the first one is. Any number of processes may do it at once.
 *
 * @throws UnpackError when they cannot be written
 */
export function unpack(files: readonly EmbeddedFile[], dataDir: string): string {
  const folder = join(dataDir, "bin", folderName(files));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of files) unpackFile(file, join(folder, file.name));
  } catch (error) {
    if (error instanceof UnpackError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnpackError(`没能把内置的程序写到 ${folder}，请检查磁盘空间和目录权限（${reason}）`);
  }
  return join(folder, files[0]?.name ?? "");
}

/** Another version of the same files is another folder: an older program may still be running from its own. */
function folderName(files: readonly EmbeddedFile[]): string {
  const content = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
  return hashOf(content).slice(0, FOLDER_HASH_CHARS);
}

function unpackFile(file: EmbeddedFile, path: string): void {
  if (isWhole(file, path)) {
    // A copied data folder may have lost the right to run it.
    if (Bun.which(path) === null) chmodSync(path, EXECUTABLE);
    return;
  }
  const bytes = readFileSync(file.path);
  if (hashOf(bytes) !== file.sha256)
    throw new UnpackError(`程序文件已损坏（内置的 ${file.name} 校验不符），请重新复制一份`);
  const partial = `${path}.${randomBytes(PARTIAL_NAME_BYTES).toString("hex")}.new`;
  try {
    writeSynced(partial, bytes);
    moveInto(partial, path, () => isWhole(file, path));
  } finally {
    removeIfPossible(partial);
  }
}

function isWhole({ sha256 }: EmbeddedFile, path: string): boolean {
  try {
    return hashOf(readFileSync(path)) === sha256;
  } catch {
    return false;
  }
}

/** Otherwise a power cut could leave a file with a name and no content. */
function writeSynced(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, "wx", EXECUTABLE);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Windows does not let a file be replaced that somebody has open (EPERM): another process that has just written the
 * same, or a virus scanner. It lets it be moved aside, though.
 */
function moveInto(partial: string, path: string, isThere: () => boolean): void {
  try {
    renameSync(partial, path);
  } catch (error) {
    if (isThere()) return;
    const aside = `${partial}.old`;
    try {
      renameSync(path, aside);
      renameSync(partial, path);
    } catch {
      if (!isThere()) throw error;
    }
    removeIfPossible(aside);
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Still open; it harms nobody.
  }
}

function hashOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
