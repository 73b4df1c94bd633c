import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../config.ts";
import { readAgentConfig, settings } from "./config.ts";
import { agentToml } from "./config-template.ts";

const NEW = {
  gatewayUrl: "wss://pactgo.cn/link",
  id: "b1",
  key: 'quoted "key" with \\',
  lmStudioUrl: "http://127.0.0.1:1234",
};
const dir = mkdtempSync(join(tmpdir(), "claw-template-"));
const file = join(dir, "agent.toml");
writeFileSync(file, agentToml(NEW));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("it has every key there is, and names the variable of each", () => {
  const source = readConfig(settings, { file, defaultFile: "" });
  expect(source.problems).toEqual([]);
  expect([...source.texts.keys()].toSorted()).toEqual(Object.keys(settings).toSorted());
  const toml = agentToml(NEW);
  for (const { env } of Object.values(settings)) expect(toml).toMatch(new RegExp(`^#.*\\b${env}\\b`, "m"));
});

test("it is valid, has what it was given, and otherwise the defaults", () => {
  const minimal = join(dir, "minimal.toml");
  writeFileSync(minimal, `[agent]\nid = "b1"\nkey = ${JSON.stringify(NEW.key)}\n`);
  expect(readAgentConfig(file)).toEqual(readAgentConfig(minimal));
  expect(readAgentConfig(file).key).toBe(NEW.key);
});
