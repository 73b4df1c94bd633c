import { startProgram } from "../../dev/program.ts";
import type { Finding } from "./finding.ts";
import type { Report } from "./doctor-command.ts";
import type { Check } from "./run-checks.ts";

type Env = Readonly<Record<string, string>>;

/** Variables whose values must never be printed. */
const SECRET_NAMES = /_(KEY|SECRET|TOKEN|AGENTS)$/;

/** Runs `doctor` as a process. @throws when it printed a secret */
export async function runDoctorText(
  entry: string,
  env: Env,
  args: readonly string[] = [],
): Promise<{ code: number; output: string }> {
  const program = startProgram({ entry, env, args: ["doctor", ...args] });
  const code = await program.exited;
  const output = program.output();
  const leaked = secretsOf(env).filter((secret) => output.includes(secret));
  if (leaked.length > 0) throw new Error(`doctor printed secrets: ${leaked.join(" ")}`);
  return { code, output };
}

export interface DoctorResult {
  code: number;
  report: Report;
  /** All findings of the check with this id. */
  of(check: string): readonly Finding[];
  /** The one finding of the check with this id. @throws unless there is just one */
  one(check: string): Finding;
}

/** The same with `--json`. */
export async function runDoctor(
  entry: string,
  env: Env,
  args: readonly string[] = [],
): Promise<DoctorResult> {
  const { code, output } = await runDoctorText(entry, env, ["--json", ...args]);
  const report = JSON.parse(output) as Report;
  const of = (check: string) => report.findings.filter((finding) => finding.check === check);
  const one = (check: string) => {
    const [finding, ...more] = of(check);
    if (!finding || more.length > 0) throw new Error(`not one finding of ${check}: ${output}`);
    return finding;
  };
  return { code, report, of, one };
}

/** The only finding of one check, run alone. */
export async function onlyFinding(check: Check): Promise<Finding> {
  const [finding, ...more] = await check.run(new AbortController().signal);
  if (!finding || more.length > 0) throw new Error("not one finding");
  return finding;
}

/** `agents` and the address of a Redis hold theirs inside. */
function secretsOf(env: Env): string[] {
  const values = Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAMES.test(name) ? value.split(/[,:]/) : [],
  );
  const { password } = new URL(env["CLAW_REDIS_URL"] || "redis://none");
  return [...values, password].filter((value) => value.length > 5);
}
