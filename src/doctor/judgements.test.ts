import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clockCheck, judgeClock } from "./clock.ts";
import { dataFolderCheck, judgeFreeBytes } from "./data-folder.ts";
import { findingText, summaryText } from "./print-findings.ts";
import { about } from "./finding.ts";
import { onlyFinding } from "./run-for-tests.ts";
import { judgeSystem } from "./system.ts";

const MIB = 1024 ** 2;
const MINUTE_MS = 60_000;

describe("the system", () => {
  test.each([
    ["win32", "10.0.20348", "x64", "ok"],
    ["win32", "10.0.17763", "x64", "ok"],
    ["win32", "10.0.14393", "x64", "failed"],
    ["win32", "6.3.9600", "x64", "failed"],
    ["win32", "10.0.22631", "arm64", "failed"],
    ["linux", "6.1.0-28-amd64", "x64", "ok"],
    ["linux", "5.6.0", "arm64", "ok"],
    ["linux", "5.4.0-150-generic", "x64", "warning"],
    ["linux", "3.10.0-1160.el7.x86_64", "x64", "warning"],
    ["linux", "2.6.32-754.el6.x86_64", "x64", "failed"],
    ["linux", "6.1.0", "ia32", "failed"],
    ["darwin", "24.0.0", "arm64", "warning"],
  ] as const)("%s %s %s: %s", (platform, release, arch, level) => {
    expect(judgeSystem({ platform, release, arch, glibc: undefined }).level).toBe(level);
  });
});

describe("free space", () => {
  test.each([
    [5_000 * MIB, "ok"],
    [1_023 * MIB, "warning"],
    [99 * MIB, "failed"],
  ] as const)("%p bytes: %s", (free, level) => {
    expect(judgeFreeBytes(free).level).toBe(level);
  });
});

describe("the clock", () => {
  test.each([
    [29_000, "ok"],
    [-29_000, "ok"],
    [32_000, "warning"],
    [-4 * MINUTE_MS, "warning"],
    [6 * MINUTE_MS, "failed"],
    [-48 * 60 * MINUTE_MS, "failed"],
  ] as const)("ahead by %p ms: %s", (aheadMs, level) => {
    expect(judgeClock(aheadMs, "网关").level).toBe(level);
  });

  test.each([
    [0, "ok", "相差"],
    [-10 * MINUTE_MS, "failed", "快 10 分钟"],
    [10 * MINUTE_MS, "failed", "慢 10 分钟"],
    [100_000, "warning", "慢 100 秒"],
  ] as const)("a server whose time differs by %p ms: %s", async (differsMs, level, words) => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () =>
        new Response(null, {
          status: 404,
          headers: { date: new Date(Date.now() + differsMs).toUTCString() },
        }),
    });
    const finding = await onlyFinding(clockCheck({ url: String(server.url), name: "网关" }));
    await server.stop(true);
    expect(finding.level).toBe(level);
    expect(finding.message).toContain(words);
  });

  test("a server that does not answer: a warning", async () => {
    const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = `http://127.0.0.1:${server.port}`;
    const finding = await onlyFinding(clockCheck({ url, name: "网关", timeoutMs: 50 }));
    server.stop(true);
    expect(finding.level).toBe("warning");
    expect(finding.message).toContain("超时");
  });
});

describe("the data folder", () => {
  const dir = mkdtempSync(join(tmpdir(), "claw-自检 "));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const level = async (path: string) =>
    (await dataFolderCheck(path).run(new AbortController().signal)).find(
      ({ check }) => check === "data-folder",
    );

  test("one that is not there yet is judged by the folder above, and left alone", async () => {
    expect(await level(join(dir, "a", "b"))).toMatchObject({ level: "ok" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("a file in its place", async () => {
    const file = join(dir, "file");
    writeFileSync(file, "");
    const finding = await level(join(file, "data"));
    expect(finding).toMatchObject({ level: "failed" });
    expect(finding?.message).toContain("ENOTDIR");
    expect(finding?.advice).toContain("data_dir");
  });
});

test("findings as text: a mark and a word, the advice below, and what it comes to", () => {
  const it = about("x", "证书");
  const findings = [it.ok("好"), it.warning("快到期", "续期"), it.failed("过期\n很久", "换掉")];
  expect(findings.map(findingText).join("\n").split("\n")).toEqual([
    "✔ [正常] 证书：好",
    "! [注意] 证书：快到期",
    "         怎么办：续期",
    "✘ [失败] 证书：过期",
    "         很久",
    "         怎么办：换掉",
  ]);
  expect(summaryText(findings)).toContain("共 3 项：1 项正常，1 项需要注意，1 项失败");
});
