import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { getRotatingFileSink } from "@logtape/file";
import {
  configure,
  dispose,
  getConsoleSink,
  getLogger,
  type Logger,
  type LogRecord,
  type Sink,
} from "@logtape/logtape";

export type { Logger };

const LOG_FILE_BYTES = 10 * 1024 * 1024;
const LOG_FILES_KEPT = 10;
/** What a crash may take from the log file; the standard output has it all. */
const FLUSH_EVERY_MS = 200;

const LEVELS = {
  trace: "细节",
  debug: "调试",
  info: "信息",
  warning: "警告",
  error: "错误",
  fatal: "致命",
} as const;

/** One line: time, level, part, message, then the properties as JSON. */
function line({ timestamp, level, category, message, properties }: LogRecord): string {
  const time = new Date(timestamp).toISOString();
  const data = Object.keys(properties).length > 0 ? ` ${JSON.stringify(properties, errorText)}` : "";
  return `${time} ${LEVELS[level]} ${category.slice(1).join("·")} ${message.join("")}${data}`;
}

/** JSON shows an Error as `{}`. Only its message is wanted: a stack would carry arguments. */
function errorText(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

/** The same as one JSON object a line, for log collectors: time, level, part, message, properties. */
function jsonLine({ timestamp, level, category, message, properties }: LogRecord): string {
  const time = new Date(timestamp).toISOString();
  const part = category.slice(1).join(".");
  return JSON.stringify({ time, level, part, message: message.join(""), ...properties }, errorText);
}

/**
 * Sets up the process's log and returns the program's logger. Call once, from the entry.
 *
 * @param options.file also write there; at LOG_FILE_BYTES it becomes `<file>.1`, and so on up to LOG_FILES_KEPT
 */
export async function openLog(
  program: string,
  options: { file: string | undefined; json: boolean },
): Promise<Logger> {
  const formatter = options.json ? jsonLine : line;
  const sinks: Record<string, Sink> = { console: getConsoleSink({ formatter }) };
  if (options.file !== undefined) sinks["file"] = openFile(options.file, formatter);
  const names = Object.keys(sinks);
  await configure({
    reset: true,
    sinks,
    loggers: [
      { category: ["claw"], lowestLevel: "info", sinks: names },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: names },
    ],
  });
  return getLogger(["claw", program]);
}

function openFile(file: string, formatter: (record: LogRecord) => string): Sink {
  // The log tells who wrote to whom: for the program's own user and administrators only.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  return getRotatingFileSink(file, {
    formatter: (record) => `${formatter(record)}\n`,
    maxSize: LOG_FILE_BYTES,
    maxFiles: LOG_FILES_KEPT,
    // Otherwise a full disk sync for each line would hold everything else up.
    nonBlocking: true,
    flushInterval: FLUSH_EVERY_MS,
  });
}

/** Writes what is still on its way to the file. */
export async function closeLog(): Promise<void> {
  await dispose();
}
