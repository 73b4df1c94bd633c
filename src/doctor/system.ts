import { arch, release } from "node:os";
import * as v from "valibot";
import { about, type Finding } from "./finding.ts";
import type { Check } from "./run-checks.ts";

const it = about("system", "操作系统");

/** Windows Server 2019 and Windows 10 1809: an older loader refuses the executable (it imports CreatePseudoConsole). */
const MIN_WINDOWS_BUILD = 17_763;
/** https://bun.com/docs/installation: runs from 3.10 on, but does without newer system calls below 5.6. */
const MIN_LINUX = [3, 10] as const;
const GOOD_LINUX = [5, 6] as const;
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  linux: ["x64", "arm64"],
  win32: ["x64"],
};

export interface SystemFacts {
  readonly platform: string;
  /** `os.release()`: `10.0.17763` on Windows, `6.1.0-28-amd64` on Linux. */
  readonly release: string;
  readonly arch: string;
  /** Of glibc, where it says so; that it is new enough shows in the program having started. */
  readonly glibc: string | undefined;
}

export function systemCheck(): Check {
  return {
    id: "system",
    title: "操作系统",
    run: () =>
      Promise.resolve([
        judgeSystem({ platform: process.platform, release: release(), arch: arch(), glibc: glibcVersion() }),
      ]),
  };
}

export function judgeSystem(facts: SystemFacts): Finding {
  const { platform, arch } = facts;
  const known = ARCHITECTURES[platform];
  if (!known)
    return it.warning(`没有在 ${platform} 上试过`, "正式使用请选 Windows Server 2019 以上，或 Linux");
  if (!known.includes(arch)) return it.failed(`不支持 ${arch} 处理器`, `请换用 ${known.join(" 或 ")} 的机器`);
  return platform === "win32" ? judgeWindows(facts) : judgeLinux(facts);
}

function judgeWindows({ release, arch }: SystemFacts): Finding {
  const build = Number(release.split(".")[2] ?? "0");
  const what = `Windows ${release}，${arch}`;
  if (build >= MIN_WINDOWS_BUILD) return it.ok(what);
  return it.failed(
    `${what}：版本太旧`,
    "至少要 Windows Server 2019 或 Windows 10 1809（内部版本 17763）。请升级 Windows；网关也可以放到一台 Linux 上",
  );
}

function judgeLinux({ release, arch, glibc }: SystemFacts): Finding {
  const [major = 0, minor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
  const what = `Linux ${release}，${arch}${glibc === undefined ? "" : `，glibc ${glibc}`}`;
  const before = ([a, b]: readonly [number, number]) => major < a || (major === a && minor < b);
  const advice = `请升级到内核 ${GOOD_LINUX.join(".")} 以上的系统（例如 Debian 11、Ubuntu 22.04、RHEL 9 或更新的）`;
  if (before(MIN_LINUX)) return it.failed(`${what}：内核太旧`, advice);
  if (before(GOOD_LINUX)) return it.warning(`${what}：内核较旧，可以运行，但较慢`, advice);
  return it.ok(what);
}

const ReportHeader = v.object({ header: v.object({ glibcVersionRuntime: v.string() }) });

function glibcVersion(): string | undefined {
  if (process.platform !== "linux") return undefined;
  const report: unknown = process.report.getReport();
  return v.is(ReportHeader, report) ? report.header.glibcVersionRuntime : undefined;
}
