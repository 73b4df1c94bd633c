import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shellCommand } from "./shell-command.ts";

test.each(["claw", "claw 网关", "a'b", "$HOME", "x;y&z", "back\\slash"])(
  "sh runs a program in a folder called %s, and gives it the same words",
  async (name) => {
    const dir = mkdtempSync(join(tmpdir(), "claw-shell-"));
    const program = join(dir, name);
    writeFileSync(program, `#!/bin/sh\nprintf '%s|' "$@"\n`);
    chmodSync(program, 0o755);
    const child = Bun.spawn(["sh", "-c", shellCommand(program, ["--config", name], "linux")]);
    expect(await new Response(child.stdout).text()).toBe(`--config|${name}|`);
    rmSync(dir, { recursive: true });
  },
);

test("what needs no quotes has none, and works in cmd, too", () => {
  expect(shellCommand("/opt/claw-gateway/claw-gateway", ["doctor"], "linux")).toBe(
    "/opt/claw-gateway/claw-gateway doctor",
  );
  expect(shellCommand("C:\\claw\\claw-gateway.exe", ["doctor"], "win32")).toBe(
    "C:\\claw\\claw-gateway.exe doctor",
  );
});

test("PowerShell has to be told to run what is quoted", () => {
  expect(shellCommand("C:\\Program Files\\c.exe", ["--config", "D:\\it's\\g.toml"], "win32")).toBe(
    "& 'C:\\Program Files\\c.exe' --config 'D:\\it''s\\g.toml'",
  );
});
