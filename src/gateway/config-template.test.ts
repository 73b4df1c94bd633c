import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../config.ts";
import { readGatewayConfig, settings } from "./config.ts";
import { gatewayToml } from "./config-template.ts";

const NEW = {
  publicUrl: "https://pactgo.cn",
  port: 8443,
  tls: { cert: "ssl/c.pem", key: "ssl/k.pem" },
  sessionSecret: "s".repeat(48),
  agent: { id: "b1", key: "k1" },
};
const dir = mkdtempSync(join(tmpdir(), "claw-template-"));
const file = join(dir, "gateway.toml");
writeFileSync(file, gatewayToml(NEW));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("it has every key there is, and names the variable of each", () => {
  const source = readConfig(settings, { file, defaultFile: "" });
  expect(source.problems).toEqual([]);
  expect([...source.texts.keys()].toSorted()).toEqual(Object.keys(settings).toSorted());
  const toml = gatewayToml(NEW);
  for (const { env } of Object.values(settings)) expect(toml).toMatch(new RegExp(`^#.*\\b${env}\\b`, "m"));
});

test("it is valid, has what it was given, and otherwise the defaults", () => {
  const minimal = join(dir, "minimal.toml");
  writeFileSync(
    minimal,
    `agents = "b1:k1"\nauth.session_secret = "${NEW.sessionSecret}"\n` +
      `server = { port = 8443, public_url = "https://pactgo.cn", tls_cert = "ssl/c.pem", tls_key = "ssl/k.pem" }`,
  );
  expect(readGatewayConfig(file)).toEqual(readGatewayConfig(minimal));
  writeFileSync(file, gatewayToml({ ...NEW, tls: undefined, publicUrl: "" }));
  expect(readGatewayConfig(file)).toMatchObject({ tls: undefined, publicUrl: "" });
});
