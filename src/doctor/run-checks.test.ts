import { expect, test } from "bun:test";
import { about, type Finding } from "./finding.ts";
import { type Check, runChecks } from "./run-checks.ts";

const LIMITS = { timeoutMs: 30, cleanupMs: 1_000 };

function check(id: string, run: Check["run"]): Check {
  return { id, title: id, run };
}

function fine(id: string): Check {
  return check(id, () => Promise.resolve([about(id, id).ok("fine")]));
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function run(checks: readonly Check[], signal = new AbortController().signal, limits = LIMITS) {
  const findings: Finding[] = [];
  for await (const finding of runChecks(checks, signal, limits)) findings.push(finding);
  return findings;
}

test("all checks are run, in order, whatever becomes of each", async () => {
  const findings = await run([
    check("throws", () => Promise.reject(new Error("the secret is 1234"))),
    check("throws at once", () => {
      throw new TypeError("the secret is 1234");
    }),
    fine("fine"),
    check("slow", untilAborted),
    fine("fine, too"),
  ]);
  expect(findings.map(({ check, level }) => [check, level])).toEqual([
    ["throws", "failed"],
    ["throws at once", "failed"],
    ["fine", "ok"],
    ["slow", "failed"],
    ["fine, too", "ok"],
  ]);
  expect(JSON.stringify(findings)).not.toContain("1234");
  expect(findings[1]?.message).toContain("TypeError");
  expect(findings[3]?.message).toContain("没有结果");
});

test("a check that cleans up is waited for, one that never ends is not", async () => {
  let cleaned = false;
  const cleaning = check("cleans up", async (signal) => {
    try {
      return await untilAborted(signal);
    } finally {
      await Bun.sleep(50);
      cleaned = true;
    }
  });
  await run([cleaning]);
  expect(cleaned).toBe(true);

  const deaf = check("deaf", () => Promise.withResolvers<never>().promise);
  const [finding] = await run([deaf], new AbortController().signal, { timeoutMs: 10, cleanupMs: 10 });
  expect(finding?.level).toBe("failed");
});

test("the user can give up", async () => {
  const user = new AbortController();
  const findings = run([check("slow", untilAborted)], user.signal, { timeoutMs: 60_000, cleanupMs: 60_000 });
  user.abort();
  expect((await findings)[0]).toMatchObject({ level: "failed", message: "检查中止了" });
});
