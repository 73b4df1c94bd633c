import { configureSync, getConsoleSink, getLogger, type Logger, type LogRecord } from "@logtape/logtape";

export type { Logger };

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

/** Sets up the process's log (standard output) and returns the program's logger. Call once, from the entry. */
export function openLog(program: string): Logger {
  configureSync({
    reset: true,
    sinks: { console: getConsoleSink({ formatter: line }) },
    loggers: [
      { category: ["claw"], lowestLevel: "info", sinks: ["console"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["console"] },
    ],
  });
  return getLogger(["claw", program]);
}
