import { randomUUID } from "node:crypto";
import { existsSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { diskAdvice } from "../disk-trouble.ts";
import { codeOf } from "./error-code.ts";
import { about, type Finding } from "./finding.ts";
import type { Check } from "./run-checks.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** Room for some days of messages and logs. */
const COMFORTABLE_BYTES = GIB;
/** With less, Redis or SQLite may fail at the next message. */
const NEEDED_BYTES = 100 * MIB;

const folder = about("data-folder", "数据目录");
const disk = about("disk", "磁盘空间");

/** Can the data folder be written to, and how much room is there? Leaves nothing behind. */
export function dataFolderCheck(dir: string): Check {
  return {
    id: "data-folder",
    title: "数据目录",
    run: () => Promise.resolve([judgeWriting(dir), ...judgeSpace(dir)]),
  };
}

/** The folder, or the nearest one above it that is there: in it the folder would be made. */
export function nearestFolder(dir: string): string {
  const above = dirname(dir);
  return existsSync(dir) || above === dir ? dir : nearestFolder(above);
}

function judgeWriting(dir: string): Finding {
  const place = nearestFolder(dir);
  const file = join(place, `.doctor-${randomUUID()}`);
  try {
    writeFileSync(file, "doctor", { flag: "wx", mode: 0o600 });
    rmSync(file);
  } catch (error) {
    const where = place === dir ? "" : `它的上级 ${place}`;
    return folder.failed(
      `${dir}：用户 ${userName()} 不能写入${where}（${codeOf(error) ?? "原因不明"}）`,
      diskAdvice(codeOf(error) ?? ""),
    );
  }
  const later = place === dir ? "" : "，目录会在启动时创建";
  return folder.ok(`${dir}：可以写入（用户 ${userName()}）${later}`);
}

function judgeSpace(dir: string): Finding[] {
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(nearestFolder(dir));
    free = bavail * bsize;
  } catch {
    return [disk.warning("查不到剩余空间", "请自己看一下数据目录所在的磁盘")];
  }
  return [judgeFreeBytes(free)];
}

export function judgeFreeBytes(free: number): Finding {
  const left = `数据目录所在的磁盘还剩 ${free < GIB ? `${Math.floor(free / MIB)} MB` : `${Math.floor(free / GIB)} GB`}`;
  const advice = "清理磁盘，或用 data_dir 把数据放到空间更大的磁盘";
  if (free < NEEDED_BYTES) return disk.failed(`${left}，无法可靠地保存消息`, advice);
  if (free < COMFORTABLE_BYTES) return disk.warning(left, advice);
  return disk.ok(left);
}

/** The service may run as another user than whoever runs this. */
function userName(): string {
  const uid = process.getuid?.();
  if (uid === undefined) return userInfo().username;
  return uid === 0 ? "root" : `uid ${uid}`;
}
