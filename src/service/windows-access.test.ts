import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { giveAccess, serviceAccount, serviceSid } from "./windows-access.ts";

test("a service's identifier is the one that Windows computes", () => {
  // The one of NT SERVICE\TrustedInstaller is the same on every Windows, and in Microsoft's documentation.
  expect(serviceSid("TrustedInstaller")).toBe(
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
  );
  expect(serviceSid("trustedinstaller")).toBe(serviceSid("TrustedInstaller"));
});

test("a service has an account of its own unless another is asked for", () => {
  expect(serviceAccount("claw-agent", undefined).name).toBe("NT SERVICE\\claw-agent");
  expect(serviceAccount("claw-agent", "LocalService").sid).toBe("S-1-5-19");
  expect(() => serviceAccount("claw-agent", "root")).toThrow("LocalService");
});

/** What icacls is told for a service whose key is `keyFile`, a line each, the paths from the service's folder. */
async function rightsGiven(keyFile: string): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), "claw-权限 "));
  const before = process.env["SystemRoot"];
  try {
    process.env["SystemRoot"] = dir;
    mkdirSync(join(dir, "System32"));
    // Notes what it is told; there is no real one here.
    const icacls = `#!/bin/sh\necho "$*" >> '${join(dir, "told")}'\n`;
    writeFileSync(join(dir, "System32", "icacls.exe"), icacls, { mode: 0o755 });
    const plan = {
      title: "",
      description: "",
      executable: join(dir, "claw.exe"),
      configFile: join(dir, "gateway.toml"),
      dataDir: join(dir, "data"),
      files: [join(dir, "ssl", "chain.pem")],
      secretFiles: [join(dir, keyFile)],
      lowPort: true,
      user: undefined,
      logJson: false,
    };
    await giveAccess(plan, { name: "x", sid: "S-1-5-80-1" }, AbortSignal.timeout(10_000));
    return readFileSync(join(dir, "told"), "utf8").trimEnd().replaceAll(`${dir}/`, "").split("\n");
  } finally {
    if (before === undefined) delete process.env["SystemRoot"];
    else process.env["SystemRoot"] = before;
    rmSync(dir, { recursive: true, force: true });
  }
}

test("ordinary users keep nothing of the data, the configuration and the key, and the certificate's folder is closed", async () => {
  const closedTo = (inherited: string, right: string) =>
    `/inheritance:r /grant:r *S-1-5-32-544:${inherited}F *S-1-5-18:${inherited}F *S-1-5-80-1:${inherited}${right}`;
  expect(await rightsGiven("ssl/key.pem")).toEqual([
    `data ${closedTo("(OI)(CI)", "M")}`,
    `gateway.toml ${closedTo("", "R")}`,
    "ssl/chain.pem /grant *S-1-5-80-1:R",
    `ssl ${closedTo("(OI)(CI)", "R")}`,
    `ssl/key.pem ${closedTo("", "R")}`,
    "claw.exe /grant *S-1-5-80-1:RX",
  ]);
});

test("of a key elsewhere only the file is closed: others may use the folder", async () => {
  const given = await rightsGiven("elsewhere/key.pem");
  expect(given.filter((line) => line.startsWith("elsewhere"))).toEqual([
    expect.stringMatching(/^elsewhere\/key\.pem \/inheritance:r /),
  ]);
});
