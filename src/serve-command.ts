import { join } from "node:path";
import type { Command, Flags, Given } from "./command-line.ts";
import { explainDisk } from "./disk-trouble.ts";
import { closeLog, type Logger, openLog } from "./log.ts";

export const CONFIG_FLAG: Flags = {
  config: { type: "string", value: "文件", help: "配置文件；不写就用可执行文件旁边的" },
};

const LOG_FLAGS: Flags = {
  "log-files": { type: "boolean", help: "日志也写进数据目录下的 logs 文件夹，自动轮换" },
  "log-json": { type: "boolean", help: "日志每行一个 JSON 对象" },
};

/** A started server. */
export interface Serving {
  /** Rejects when it cannot go on. */
  readonly failed?: Promise<never>;
  stop(): Promise<void>;
}

/** The command without a name: serves until the signal aborts, then drains. */
export function serveCommand<Config extends { dataDir: string }>(options: {
  /** The program's name in its log, and the name of its log file. */
  name: string;
  summary: string;
  readConfig: (file: string | undefined) => Config;
  start: (config: Config, log: Logger) => Promise<Serving>;
}): Command {
  const { name, summary, readConfig, start } = options;
  return {
    summary,
    flags: { ...CONFIG_FLAG, ...LOG_FLAGS },
    async run(given: Given, signal: AbortSignal) {
      const config = readConfig(given.text("config"));
      const file = given.has("log-files") ? join(config.dataDir, "logs", `${name}.log`) : undefined;
      let log: Logger | undefined;
      try {
        log = await openLog(name, { file, json: given.has("log-json") });
        const serving = await start(config, log);
        await Promise.race([aborted(signal), ...(serving.failed ? [serving.failed] : [])]);
        await serving.stop();
        return 0;
      } catch (thrown) {
        const error = explainDisk(thrown, config.dataDir);
        // As a service, the file is where an administrator looks for why it does not start.
        if (file !== undefined) log?.fatal("程序无法继续运行", { error });
        throw error;
      } finally {
        await closeLog();
      }
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
