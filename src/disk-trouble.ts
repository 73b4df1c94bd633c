import { SQLiteError } from "bun:sqlite";
import { sep } from "node:path";
import { ExplainedError } from "./explained-error.ts";

/** The data folder cannot be used. Exit code 1: the disk may come back, or get room again. */
export class DiskError extends ExplainedError {
  override readonly name = "DiskError";
}

/** Nothing but the data folder is written to, so these can only be about it. */
const ABOUT_WRITING = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO"]);

/**
 * A DiskError that says what to do, for an error of the system or of SQLite about the data folder; any other as it is.
 */
export function explainDisk(error: unknown, dataDir: string): unknown {
  const code = diskCode(error, dataDir);
  if (code === undefined) return error;
  return new DiskError(`不能使用数据目录 ${dataDir}（${code}）：${diskAdvice(code)}`, { cause: error });
}

function diskCode(error: unknown, dataDir: string): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  const { code } = error;
  // Only the data folder holds databases.
  if (error instanceof SQLiteError || ABOUT_WRITING.has(code)) return code;
  const path = "path" in error && typeof error.path === "string" ? error.path : undefined;
  // The folder itself, what is in it, or what it would have to be made in.
  const isThere = path !== undefined && (isWithin(path, dataDir) || isWithin(dataDir, path));
  return isThere ? code : undefined;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** What to do when the data folder cannot be written to, by the system's or SQLite's code. */
export function diskAdvice(code: string): string {
  switch (code.replace(/^(SQLITE_[A-Z]+)_.*/, "$1")) {
    case "EACCES":
    case "EPERM":
    case "SQLITE_CANTOPEN":
    case "SQLITE_READONLY":
    case "SQLITE_PERM":
      return "把这个目录（连同里面的文件）的写权限给运行本程序的用户，或用 data_dir 换一个目录，或换一个用户运行";
    case "EROFS":
      return "这里是只读的：用 data_dir 换到可写的磁盘上";
    case "EEXIST":
    case "ENOTDIR":
      return "这里有一个同名的文件：移走它，或用 data_dir 换一个目录";
    case "ENOSPC":
    case "EDQUOT":
    case "SQLITE_FULL":
      return "磁盘满了：请腾出空间";
    case "SQLITE_NOTADB":
    case "SQLITE_CORRUPT":
      return "里面的数据文件已损坏：请恢复备份；没有备份就把它们移走，程序会从头开始";
    case "SQLITE_BUSY":
      return "里面的数据文件正被别的程序占用：请停止它，例如备份程序或另一个智能体";
    default:
      return "检查这个目录和它所在的磁盘，或用 data_dir 换一个目录";
  }
}
