import { expect, test } from "bun:test";
import { serviceAccount, serviceSid } from "./windows-access.ts";

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
