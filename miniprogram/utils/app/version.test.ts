import { expect, test } from "bun:test";
import { versionText } from "./version";

test("only a released version has a number", () => {
  const version = (miniProgram: { envVersion: string; version: string }) =>
    versionText({ getAccountInfoSync: () => ({ miniProgram }) });
  expect(version({ envVersion: "release", version: "1.2.0" })).toBe("1.2.0");
  expect(version({ envVersion: "trial", version: "" })).toBe("体验版");
  expect(version({ envVersion: "develop", version: "" })).toBe("开发版");
});
