import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json";
import { layTraps } from "../traps.ts";
import { BUILD_TIMEOUT_MS, type ProgramName, PROGRAMS } from "./executables.ts";
import { type Installed, install } from "./installed.ts";

const MIT = "Permission is hereby granted";
/** Words of the licence texts. */
const LICENSES: Readonly<Record<ProgramName, Readonly<Record<string, string>>>> = {
  gateway: {
    Bun: "JavaScriptCore",
    Redis: "Redistribution and use in source and binary forms",
    musl: MIT,
    hono: MIT,
    ioredis: MIT,
  },
  agent: { Bun: "JavaScriptCore", hono: MIT, valibot: MIT },
};

let root: string;
let installed: Record<ProgramName, Installed>;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "claw-命令 "));
  const cwd = layTraps(join(root, "traps"));
  const one = (name: ProgramName) => install(name, { folder: join(root, name), cwd });
  installed = { gateway: await one("gateway"), agent: await one("agent") };
}, BUILD_TIMEOUT_MS);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.each([...PROGRAMS])("claw-%s", (name) => {
  const run = (...args: string[]) => installed[name].run(args);

  test("--version tells version, commit, date and platform", async () => {
    const { code, output } = await run("--version");
    expect(code).toBe(0);
    expect(output).toStartWith(`claw-${name} ${packageJson.version}（`);
    expect(output).toMatch(/提交 ([0-9a-f]{12}(-dirty)?|unknown)，构建于 \d{4}-\d{2}-\d{2}T/);
    expect(output).toContain(`Bun ${Bun.version}，linux-x64`);
  });

  test("--licenses has the licence of each thing inside", async () => {
    const { code, output } = await run("--licenses");
    expect(code).toBe(0);
    // A list, then for each a heading and its text, between rules.
    const [list = "", ...parts] = output.split(/^={70,}$/m);
    const titles = list.split("\n").flatMap((line) => /^ {2}(\S+) \d/.exec(line)?.[1] ?? []);
    for (const [component, words] of Object.entries(LICENSES[name])) {
      expect(titles).toContain(component);
      const heading = parts.findIndex((part) => part.trim().startsWith(`${component} `));
      expect(parts[heading + 1]).toContain(words);
    }
    expect(titles.includes("ioredis")).toBe(name === "gateway");
  });

  test("--help names its commands, in Chinese", async () => {
    const { code, output } = await run("--help");
    expect(code).toBe(0);
    for (const word of ["用法", "init", "doctor", "service", "--config"]) expect(output).toContain(word);
  });

  test("an unknown command or flag is a usage error, in Chinese", async () => {
    const command = await run("dance");
    expect(command).toMatchObject({ code: 2 });
    expect(command.output).toContain("没有“dance”这个命令");
    const flag = await run("--prot=80");
    expect(flag).toMatchObject({ code: 2 });
    expect(flag.output).toContain("没有 --prot 这个选项");
  });

  test("without a configuration it says where that would be, not what lies in the working directory", async () => {
    const { code, output } = await run();
    expect(code).toBe(2);
    expect(output).toContain(join(installed[name].folder, `${name}.toml`));
    expect(output).not.toContain("256.0.0.1");
    expect(output).not.toContain("has run");
  });
});
