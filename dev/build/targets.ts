/** What is built: two programs, each for three targets. */
export const PROGRAMS = ["gateway", "agent"] as const;
export type ProgramName = (typeof PROGRAMS)[number];

export const TARGETS = ["linux-x64", "linux-arm64", "windows-x64"] as const;
export type Target = (typeof TARGETS)[number];
export type LinuxTarget = Exclude<Target, "windows-x64">;

/** How Bun and npm name a target. Bun has one build for every x64 processor: it needs SSE4.2 only ("baseline"). */
export const BUN_TARGETS: Readonly<
  Record<Target, { target: Bun.Build.CompileTarget; npmPackage: string; platform: string; arch: string }>
> = {
  "linux-x64": {
    target: "bun-linux-x64-baseline",
    npmPackage: "@oven/bun-linux-x64",
    platform: "linux",
    arch: "x64",
  },
  "linux-arm64": {
    target: "bun-linux-arm64",
    npmPackage: "@oven/bun-linux-aarch64",
    platform: "linux",
    arch: "arm64",
  },
  "windows-x64": {
    target: "bun-windows-x64-baseline",
    npmPackage: "@oven/bun-windows-x64",
    platform: "win32",
    arch: "x64",
  },
};

export function isProgram(text: string): text is ProgramName {
  return PROGRAMS.some((name) => name === text);
}

export function isTarget(text: string): text is Target {
  return TARGETS.some((name) => name === text);
}

/** E.g. `claw-gateway-windows-x64.exe`. */
export function executableName(program: ProgramName, target: Target): string {
  return `claw-${program}-${target}${target === "windows-x64" ? ".exe" : ""}`;
}
