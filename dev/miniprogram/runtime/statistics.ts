import type { Problems, Statistics } from "./report.ts";

/** WeChat takes 1 MB; far below it a phone already stutters. */
const MAX_SET_DATA_BYTES = 64 * 1024;
const utf8 = new TextEncoder();

export function openStatistics(): Statistics {
  return { setData: { calls: 0, bytes: 0, largest: 0 }, pages: [] };
}

/** Counts a setData call, and reports what WeChat's bridge would drop or choke on. */
export function countSetData(data: unknown, where: string, statistics: Statistics, problems: Problems): void {
  const bytes = utf8.encode(JSON.stringify(data) ?? "").byteLength;
  const { setData } = statistics;
  setData.calls += 1;
  setData.bytes += bytes;
  setData.largest = Math.max(setData.largest, bytes);
  if (bytes > MAX_SET_DATA_BYTES) {
    problems.report("set-data", `${where}: ${bytes} bytes at once (${Object.keys(data ?? {}).join(", ")})`);
  }
  const undefinedPath = findUndefined(data, "");
  if (undefinedPath !== undefined) problems.report("set-data", `${where}: "${undefinedPath}" is undefined`);
}

function findUndefined(value: unknown, path: string): string | undefined {
  if (value === undefined) return path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = findUndefined(inner, path === "" ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
