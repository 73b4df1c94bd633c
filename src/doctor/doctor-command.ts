import type { Command } from "../command-line.ts";
import { embedded } from "../embedded.ts";
import { print } from "../print.ts";
import { CONFIG_FLAG } from "../serve-command.ts";
import { checkConfig, type ConfigOf } from "./config-file.ts";
import type { Finding } from "./finding.ts";
import { findingText, summaryText } from "./print-findings.ts";
import { type Check, runChecks } from "./run-checks.ts";
import { systemCheck } from "./system.ts";

/**
 * What `doctor --json` prints: one JSON object on standard output.
 * - `ok`: nothing failed; the exit code is 0 then, else 1
 * - `findings`: in a fixed order; a check may be there more than once, or not at all when it makes no sense
 */
export interface Report {
  ok: boolean;
  /** E.g. `claw-gateway`. */
  program: string;
  version: string;
  findings: readonly Finding[];
}

/** `doctor`: looks at everything that the program needs, and says what to do about what is wrong. */
export function doctorCommand<Config>(options: {
  /** The executable's name. */
  program: string;
  /** Its name for people. */
  title: string;
  config: ConfigOf<Config>;
  /** Those that need the configuration. */
  checks: (config: Config) => readonly Check[];
}): Command {
  const { program, title, config, checks } = options;
  return {
    summary: "检查运行所需的一切，逐项说明问题和办法",
    flags: { ...CONFIG_FLAG, json: { type: "boolean", help: "输出一个 JSON 对象" } },
    async run(given, signal) {
      const json = given.has("json");
      const read = checkConfig(config, { file: given.text("config"), program });
      const all = [systemCheck(), read.check, ...(read.config === undefined ? [] : checks(read.config))];
      if (!json) print(`${title}（${program} ${embedded.version}）自检：\n`);
      const findings: Finding[] = [];
      for await (const finding of runChecks(all, signal)) {
        findings.push(finding);
        if (!json) print(findingText(finding));
      }
      const ok = findings.every(({ level }) => level !== "failed");
      const report: Report = { ok, program, version: embedded.version, findings };
      print(json ? JSON.stringify(report, null, 2) : `\n${summaryText(findings)}`);
      return ok ? 0 : 1;
    },
  };
}
