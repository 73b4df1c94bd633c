import { codeOf } from "./error-code.ts";
import { about, type Finding } from "./finding.ts";

/** Longer than a healthy server takes to answer, even far away; short enough for somebody who waits. */
export const ANSWER_TIMEOUT_MS = 8_000;
/** A whole check, which may wait for several answers. */
const CHECK_TIMEOUT_MS = 20_000;
/** What a check may take to clean up (a Redis to stop) once its time is over. */
const CLEANUP_MS = 10_000;

/** One thing to look at. It may find out several things about it. */
export interface Check {
  readonly id: string;
  readonly title: string;
  /** `signal` aborts when the check's time is over or the user gives up; what was started must be stopped then. */
  run(signal: AbortSignal): Promise<readonly Finding[]>;
}

export interface CheckLimits {
  readonly timeoutMs: number;
  readonly cleanupMs: number;
}

/** Runs all checks at once, whatever becomes of each, and gives their findings in the order of the checks. */
export async function* runChecks(
  checks: readonly Check[],
  signal: AbortSignal,
  { timeoutMs, cleanupMs }: CheckLimits = { timeoutMs: CHECK_TIMEOUT_MS, cleanupMs: CLEANUP_MS },
): AsyncGenerator<Finding, void> {
  const results = checks.map((check) => runOne(check, signal, { timeoutMs, cleanupMs }));
  for (const result of results) yield* await result;
}

/** Never rejects. */
async function runOne(check: Check, user: AbortSignal, limits: CheckLimits): Promise<readonly Finding[]> {
  const it = about(check.id, check.title);
  const late = AbortSignal.timeout(limits.timeoutMs);
  const signal = AbortSignal.any([user, late]);
  const abandoned = Promise.withResolvers<"abandoned">();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const startTimer = () => {
    timer = setTimeout(() => abandoned.resolve("abandoned"), limits.cleanupMs);
  };
  signal.addEventListener("abort", startTimer, { once: true });
  if (signal.aborted) startTimer();
  const stopped = () =>
    user.aborted
      ? it.failed("检查中止了", "重新运行 doctor")
      : it.failed(`${limits.timeoutMs / 1000} 秒内没有结果`, "检查网络和这台机器的负载，然后重新运行 doctor");
  try {
    const findings = await Promise.race([check.run(signal), abandoned.promise]);
    return findings === "abandoned" ? [stopped()] : findings;
  } catch (error) {
    if (signal.aborted) return [stopped()];
    // Only its kind: the text of an error that nobody foresaw may hold a secret.
    const kind = error instanceof Error ? [error.name, codeOf(error)].filter(Boolean).join(" ") : "";
    return [it.failed(`检查时程序出错（${kind}）`, "这是程序的缺陷，请连同以上内容一起反馈")];
  } finally {
    signal.removeEventListener("abort", startTimer);
    clearTimeout(timer);
  }
}
